// SPDX-License-Identifier: Apache-2.0
#include "core/tool/top_frame.hh"

#include <time.h>

#include <algorithm>
#include <cstdio>

#include "core/base/text.hh"

namespace stook {

namespace {
using Wanted = Scraped::Wanted;

/// Both looks, and what has grown between them. A process that began anew has grown from 0.
struct Between {
  const Scraped& former;
  const Scraped& now;
  double seconds;

  double rate(std::string_view name, const Wanted& wanted) const {
    double before = former.sum(name, wanted);
    double after = now.sum(name, wanted);
    return (after < before ? after : after - before) / seconds;
  }
};

std::string percent(double part) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f %%", part * 100);
  return text;
}

std::string duration(double seconds) {
  return show_duration(static_cast<int64_t>(seconds * 1000) * 1'000'000);
}

std::string state_of(const TopRow& row, const Scraped& now) {
  Wanted of{{"element", row.element}};
  if (row.kind == "source" || row.kind == "refusals") {
    double paused = now.most("stook_source_paused_seconds", of);
    return now.most("stook_stalled", of) > 0 ? "stalled" : paused >= 0.001 ? "paused " + duration(paused) : "";
  }
  if (row.kind == "spool") {
    double rows = now.sum("stook_rows_spooled", {{"element", row.element}, {"kind", "spool"}});
    return rows > 0 ? show_count(static_cast<uint64_t>(rows)) + " rows wait" : "";
  }
  if (row.kind == "sink" && now.most("stook_sink_failed", of) > 0) {
    return "failed";
  }
  if (row.kind == "sink" && now.most("stook_sink_failing", of) > 0) {
    return "failing " + duration(now.most("stook_sink_failing_seconds", of));
  }
  return {};
}

TopRow row_of(const ScrapedSample& sample, const Between& between) {
  TopRow row;
  row.element = sample.label("element");
  row.kind = sample.label("kind");
  row.plugin = sample.label("plugin");
  row.route = sample.label("route");
  Wanted all{{"element", row.element}, {"kind", row.kind}, {"route", row.route}};
  row.in = between.rate("stook_rows_in_total", all) + between.rate("stook_rows_appended_total", all);
  row.out = between.rate("stook_rows_out_total", all);
  row.bytes = between.rate("stook_bytes_total", all);
  row.busy = between.rate("stook_busy_seconds_total", all);
  row.ns = row.in > 0 ? row.busy / row.in * 1e9 : 0;
  row.lost = between.rate("stook_rows_dropped_total", all) + between.rate("stook_rows_letters_total", all);
  row.all_lost = between.now.sum("stook_rows_dropped_total", all) + between.now.sum("stook_rows_letters_total", all);
  Wanted of{{"element", row.element}};
  if (row.kind == "source" || row.kind == "refusals" || row.kind == "spool") {
    row.age = between.now.most("stook_unsettled_seconds", of);
  } else if (row.kind == "sink") {
    row.age = between.now.most("stook_sink_oldest_seconds", of);
  }
  row.state = state_of(row, between.now);
  return row;
}

// The sink for which workers wait most often, if they do and most of its slots are out; empty: there is none.
std::string awaited_sink(const Between& between) {
  std::string sink;
  double most = 0;
  for (const ScrapedSample& one : between.now.samples()) {
    if (one.name != "stook_slots_starved_total") {
      continue;
    }
    Wanted of{{"element", one.label("element")}, {"route", one.label("route")}};
    double starved = between.rate(one.name, of);
    bool is_full = between.now.sum("stook_slots_out", of) * 2 >= between.now.sum("stook_slots", of);
    if (starved > most && is_full) {
      most = starved;
      sink = one.label("element");
    }
  }
  return sink;
}

// One sentence. Where nobody waits for anybody there is no bottleneck, but somebody has most to do.
std::string find_bottleneck(const std::vector<TopRow>& rows, const Between& between) {
  for (const TopRow& row : rows) {
    if (row.kind == "sink" && !row.state.empty()) {
      return "sink " + row.element + ", which is " + row.state;
    }
  }
  if (std::string sink = awaited_sink(between); !sink.empty()) {
    return "sink " + sink + ", workers wait for it";
  }
  auto busiest =
      std::max_element(rows.begin(), rows.end(), [](const TopRow& a, const TopRow& b) { return a.busy < b.busy; });
  if (busiest == rows.end() || busiest->busy <= 0) {
    return "none, nothing runs";
  }
  std::string name = busiest->kind + " " + busiest->element + ", " + percent(busiest->busy) + " of a processor";
  bool is_paused =
      between.rate("stook_source_pauses_total", {}) > 0 || between.now.most("stook_source_paused_seconds") > 0;
  return is_paused ? name + ", sources wait" : "none, nobody waits; busiest is " + name;
}
}  // namespace

TopFrame::TopFrame(const Scraped& former, const Scraped& now, double seconds_) : seconds(seconds_) {
  Between between{former, now, std::max(seconds, 1e-6)};
  for (const ScrapedSample& one : now.samples()) {
    if (one.name == "stook_rows_in_total" && one.label("kind") != "member") {
      rows.push_back(row_of(one, between));
    }
    version = one.name == "stook_build_info" ? one.label("version") : std::string_view(version);
  }
  rows_in = between.rate("stook_rows_in_total", {{"kind", "source"}});
  bytes_in = between.rate("stook_bytes_total", {{"kind", "source"}});
  rows_out = between.rate("stook_rows_out_total", {{"kind", "sink"}});
  bytes_out = between.rate("stook_bytes_total", {{"kind", "sink"}});
  lost = now.sum("stook_rows_dropped_total") + now.sum("stook_rows_letters_total");
  oldest = now.most("stook_unsettled_seconds");
  cpu = between.rate("process_cpu_seconds_total", {});
  memory = now.sum("process_resident_memory_bytes");
  uptime = std::max(0.0, static_cast<double>(::time(nullptr)) - now.sum("process_start_time_seconds"));
  is_healthy = now.sum("stook_healthy") > 0;
  bottleneck = find_bottleneck(rows, between);
}

}  // namespace stook
