// SPDX-License-Identifier: Apache-2.0
/// What became of rows that are not delivered: the newest notes of all workers and carriers, for `stook why`.
#include <algorithm>

#include "core/data/json_text.hh"
#include "core/plan/describe_table.hh"
#include "core/run/engine.hh"
#include "core/run/taps.hh"

namespace stook {

namespace {
constexpr size_t most_shown = 100;

std::string time_text(int64_t ns) {
  Payload text;
  append_json(text, Cell::of_time(ns), {});
  return std::string(text.bytes().substr(1, text.size() - 2));
}

std::string line_of(const ReasonNote& one) {
  return time_text(one.time) + " " + one.element + ": " + one.fate + ", " + one.why +
         (one.rows > 1 ? " (" + std::to_string(one.rows) + " rows, the first is this)" : "") +
         (one.id.empty() ? "" : ", id " + one.id) + "\n  " + one.row + "\n";
}

std::string json_of(const ReasonNote& one) {
  return "{\"time\":\"" + time_text(one.time) + "\",\"element\":" + json_text(one.element) +
         ",\"fate\":" + json_text(one.fate) + ",\"why\":" + json_text(one.why) +
         ",\"rows\":" + std::to_string(one.rows) + ",\"id\":" + (one.id.empty() ? "null" : json_text(one.id)) +
         ",\"row\":" + json_text(one.row) + "}\n";
}
}  // namespace

Control::Answer Taps::why(const std::vector<std::string_view>& words) const {
  bool is_json = !words.empty() && words[0] == "json";
  size_t at = is_json ? 1 : 0;
  if (words.size() > at + 1) {
    return {false, "it is asked as `why [json] [ID]`"};
  }
  std::vector<ReasonNote> all;
  auto add = [&](const ReasonRing& reasons) {
    std::vector<ReasonNote> some = reasons.read();
    all.insert(all.end(), some.begin(), some.end());
  };
  for (auto& worker : engine_.workers_) {
    add(worker->reasons);
  }
  for (auto* carriers : {&engine_.carriers_, &engine_.former_carriers_}) {
    for (auto& carrier : *carriers) {
      add(carrier->meter.reasons);
    }
  }
  if (words.size() > at) {
    std::erase_if(all, [&](const ReasonNote& one) {
      return one.id != words[at] && one.row.find(words[at]) == std::string::npos;
    });
  }
  std::stable_sort(all.begin(), all.end(), [](const ReasonNote& a, const ReasonNote& b) { return a.time > b.time; });
  all.resize(std::min(all.size(), most_shown));
  std::string text;
  for (const ReasonNote& one : all) {
    text += is_json ? json_of(one) : line_of(one);
  }
  return {true, std::move(text)};
}

}  // namespace stook
