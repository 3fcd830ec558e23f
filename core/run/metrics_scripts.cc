// SPDX-License-Identifier: Apache-2.0
/// What scripts use, and the meters that they make, as metrics.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "core/api/script_meters.hh"
#include "core/lua/usage.hh"
#include "core/run/metric_table.hh"
#include "core/run/metrics.hh"
#include "core/run/report.hh"

namespace stook {

namespace {
using Meter = std::shared_ptr<const ScriptMeter>;

MetricKind kind_of(const ScriptMeter& meter) {
  constexpr MetricKind kinds[] = {MetricKind::Counter, MetricKind::Gauge, MetricKind::Histogram};
  return kinds[static_cast<size_t>(meter.kind())];
}

// No two kinds come to one name: a counter ends in _total, and a gauge in nothing that a counter or histogram adds.
std::string exported(const ScriptMeter& meter, const std::map<std::string, std::vector<Meter>>& taken) {
  std::string name = "stook_script_" + meter.family();
  if (meter.kind() == ScriptMeter::Kind::Counter) {
    return name.ends_with("_total") ? name : name + "_total";
  }
  for (std::string_view suffix : {"_total", "_bucket", "_sum", "_count", "_info", "_created"}) {
    name += name.ends_with(suffix) ? "_value" : "";
  }
  auto other = taken.find(name);
  bool is_taken = other != taken.end() && other->second.front()->kind() != meter.kind();
  return is_taken ? name + "_" + std::string(kind_name(meter.kind())) : name;
}

// A script may use any name; these are not its own.
std::string own_label(const std::string& name) {
  return name == "element" || name == "le" || name.starts_with("__") ? "label_" + name : name;
}

std::string labels_of(const ScriptMeter& meter) {
  std::string labels = label_text({{"element", meter.instance()}});
  for (const auto& [name, value] : meter.labels()) {
    std::string own = own_label(name);
    std::string text = label_text({{own, value}});
    labels += (text.empty() ? "" : ",") + text;
  }
  return labels;
}

void put_script_histogram(MetricText& out, const ScriptMeter& meter) {
  std::string labels = labels_of(meter);
  uint64_t below = 0;
  for (int i = 0; i + 1 < ScriptMeter::buckets; i++) {
    below += meter.bucket(i);
    if (meter.bucket(i) > 0) {
      out.bucket(labels, std::ldexp(1, i + ScriptMeter::first_power), below);
    }
  }
  below += meter.bucket(ScriptMeter::buckets - 1);
  out.bucket(labels, INFINITY, below);
  out.sum(labels, below, meter.value());
}

void put_meter(MetricText& out, const ScriptMeter& meter) {
  switch (meter.kind()) {
    case ScriptMeter::Kind::Counter:
      out.sample(labels_of(meter), meter.count());
      break;
    case ScriptMeter::Kind::Gauge:
      out.sample(labels_of(meter), meter.value());
      break;
    case ScriptMeter::Kind::Histogram:
      put_script_histogram(out, meter);
  }
}

void put_uses(MetricText& out, const std::vector<LuaUse>& uses) {
  auto put = [&](const MetricFamily& family, auto sample) {
    out.begin(family);
    for (const LuaUse& one : uses) {
      sample(label_text({{"element", one.instance}}), one);
    }
  };
  using Labels = const std::string&;
  using Use = const LuaUse&;
  put(metric::lua_states, [&](Labels labels, Use one) { out.sample(labels, one.states); });
  put(metric::lua_memory, [&](Labels labels, Use one) { out.sample(labels, one.memory); });
  put(metric::lua_memory_most, [&](Labels labels, Use one) { out.sample(labels, one.memory_most); });
  put(metric::lua_time, [&](Labels labels, Use one) { out.seconds(labels, static_cast<int64_t>(one.ns)); });
  put(metric::lua_errors, [&](Labels labels, Use one) { out.sample(labels, one.errors); });
  put(metric::lua_kills, [&](Labels labels, Use one) { out.sample(labels, one.kills); });
}
}  // namespace

void put_scripts(MetricText& out, const std::vector<ReportLine>& lines) {
  std::vector<LuaUse> uses = lua_uses();
  std::erase_if(uses, [&](const LuaUse& use) {
    return std::none_of(lines.begin(), lines.end(), [&](const ReportLine& line) { return line.id == use.instance; });
  });
  put_uses(out, uses);
  std::map<std::string, std::vector<Meter>> families;
  for (const Meter& meter : script_meters()) {
    families[exported(*meter, families)].push_back(meter);
  }
  for (const auto& [name, meters] : families) {
    out.begin({name, kind_of(*meters.front()), "", meters.front()->doc()});
    for (const Meter& meter : meters) {
      put_meter(out, *meter);
    }
  }
}

}  // namespace stook
