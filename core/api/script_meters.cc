// SPDX-License-Identifier: Apache-2.0
#include "core/api/script_meters.hh"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "core/data/json_text.hh"

namespace stook {

namespace {
struct Meters {
  // Taken when a script starts and when somebody reports.
  std::mutex lock;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<ScriptMeter>> all;

  /// Takes away what is held here alone and shows nothing: a script that was looked at and not run made it.
  void tidy() {
    for (auto it = all.begin(); it != all.end();) {
      it = it->second.use_count() == 1 && it->second->is_blank() ? all.erase(it) : std::next(it);
    }
  }
};

Meters& meters() {
  static Meters the;
  return the;
}

std::string text_of_real(double value) {
  char text[64];
  return {text, put_json(text, Cell::of_real(value), JsonStyle())};
}

std::string json_text(std::string_view value) {
  Cell cell = Cell::of_text(value);
  std::string text(json_room(cell), '\0');
  text.resize(static_cast<size_t>(put_json(text.data(), cell, JsonStyle()) - text.data()));
  return text;
}

// Whether both have the same names of labels.
bool are_alike(const MeterLabels& one, const MeterLabels& other) {
  return one.size() == other.size() && std::equal(one.begin(), one.end(), other.begin(),
                                                  [](const auto& a, const auto& b) { return a.first == b.first; });
}

std::string labels_json(const ScriptMeter& meter) {
  std::string text;
  for (const auto& [label, value] : meter.labels()) {
    text += (text.empty() ? ",\"labels\":{\"" : ",\"") + label + "\":" + json_text(value);
  }
  return text.empty() ? text : text + "}";
}

std::string value_text(const ScriptMeter& meter) {
  return meter.kind() == ScriptMeter::Kind::Gauge ? text_of_real(meter.value()) : std::to_string(meter.count());
}
}  // namespace

ScriptMeter::ScriptMeter(Kind kind, std::string_view instance, std::string_view family, std::string_view doc,
                         MeterLabels labels)
    : kind_(kind), instance_(instance), name_(family), family_(family), labels_(std::move(labels)), doc_(doc) {
  for (const auto& [label, value] : labels_) {
    name_ += (name_.size() == family_.size() ? "{" : ",") + label + "=" + json_text(value);
  }
  name_ += labels_.empty() ? "" : "}";
}

void ScriptMeter::observe(double value) {
  int power = 0;
  std::frexp(value, &power);  // value < 2^power
  int bucket = std::clamp(value == 0 ? 0 : power - first_power, 0, buckets - 1);
  in_bucket_[std::isfinite(value) ? bucket : buckets - 1].fetch_add(1, std::memory_order_relaxed);
  count_.fetch_add(1, std::memory_order_relaxed);
  value_.fetch_add(value, std::memory_order_relaxed);
}

namespace {
void check_family(const ScriptMeter& there, const ScriptMeter& made) {
  if (there.kind() != made.kind()) {
    throw std::invalid_argument("'" + made.family() + "' is a " + std::string(kind_name(there.kind())) + " already");
  }
  if (!are_alike(there.labels(), made.labels())) {
    throw std::invalid_argument("'" + made.family() + "' has other labels already: " + there.name());
  }
}
}  // namespace

std::shared_ptr<ScriptMeter> script_meter(ScriptMeter::Kind kind, std::string_view instance, std::string_view name,
                                          std::string_view doc, MeterLabels labels) {
  std::lock_guard lock(meters().lock);
  size_t of_instance = 0;
  meters().tidy();
  auto made = std::make_shared<ScriptMeter>(kind, instance, name, doc, std::move(labels));
  for (const auto& [key, meter] : meters().all) {
    of_instance += key.first == instance ? 1 : 0;
    if (key.first == instance && meter->family() == name) {
      check_family(*meter, *made);
    }
  }
  std::pair<std::string, std::string> key(instance, made->name());
  auto found = meters().all.find(key);
  if (found == meters().all.end()) {
    if (of_instance >= most_script_meters) {
      throw std::invalid_argument("there are " + std::to_string(most_script_meters) + " meters already");
    }
    found = meters().all.emplace(key, std::move(made)).first;
  }
  return found->second;
}

std::vector<std::shared_ptr<const ScriptMeter>> script_meters() {
  std::vector<std::shared_ptr<const ScriptMeter>> found;
  std::lock_guard lock(meters().lock);
  meters().tidy();
  for (const auto& [key, meter] : meters().all) {
    found.push_back(meter);
  }
  return found;
}

std::string_view kind_name(ScriptMeter::Kind kind) {
  return kind == ScriptMeter::Kind::Counter ? "counter" : kind == ScriptMeter::Kind::Gauge ? "gauge" : "histogram";
}

std::string script_meters_json() {
  std::string text;
  for (const auto& meter : script_meters()) {
    text += text.empty() ? "[" : ",";
    text += "{\"instance\":\"" + meter->instance() + "\",\"name\":\"" + meter->family() + "\"" + labels_json(*meter) +
            ",\"kind\":\"" + std::string(kind_name(meter->kind())) + "\",\"value\":" + value_text(*meter);
    if (meter->kind() == ScriptMeter::Kind::Histogram) {
      text += ",\"sum\":" + text_of_real(meter->value()) + ",\"below\":{";
      for (int i = 0; i < ScriptMeter::buckets; i++) {
        if (uint64_t count = meter->bucket(i); count > 0) {
          text += std::string(text.back() == '{' ? "" : ",") + "\"" +
                  (i == ScriptMeter::buckets - 1 ? "inf" : text_of_real(std::ldexp(1, i + ScriptMeter::first_power))) +
                  "\":" + std::to_string(count);
        }
      }
      text += '}';
    }
    text += '}';
  }
  return text.empty() ? text : text + "]";
}

std::string script_meters_table() {
  std::string text;
  for (const auto& meter : script_meters()) {
    text += std::string(kind_name(meter->kind())) + " " + meter->instance() + "." + meter->name() + " = " +
            value_text(*meter);
    if (meter->kind() == ScriptMeter::Kind::Histogram) {
      text += " values, sum " + text_of_real(meter->value());
    }
    text += '\n';
  }
  return text;
}

}  // namespace stook
