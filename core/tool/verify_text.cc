// SPDX-License-Identifier: Apache-2.0
#include "core/tool/verify_text.hh"

#include "core/base/text.hh"
#include "core/plan/describe_table.hh"

namespace stook {

namespace {
// At the right of a column, behind two blanks.
std::string in_column(const std::string& text, size_t width) {
  return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}

std::string gaps_text(const NumberTally& stream, uint64_t end) {
  constexpr size_t most = 10;
  std::string text;
  for (auto [first, last] : stream.gaps(end, most)) {
    text += (text.empty() ? "" : ", ") + std::to_string(first) + (first == last ? "" : "-" + std::to_string(last));
  }
  return text;
}

std::string gaps_json(const NumberTally& stream, uint64_t end) {
  constexpr size_t most = 100;
  std::string text;
  for (auto [first, last] : stream.gaps(end, most)) {
    text += (text.empty() ? "[" : ",[") + std::to_string(first) + "," + std::to_string(last) + "]";
  }
  return text;
}
}  // namespace

std::string tally_text(const Tally& tally, uint64_t end) {
  constexpr size_t width = 14;
  std::string text = "stream      ";
  for (const char* name : {"largest", "lines", "missing", "repeated", "out of order"}) {
    text += in_column(name, width);
  }
  text += "\n";
  for (const auto& [name, stream] : tally.streams) {
    text += printable(name) + std::string(name.size() < 12 ? 12 - name.size() : 1, ' ');
    for (uint64_t number :
         {stream.largest(), stream.count(), stream.missing(end), stream.repeated(), stream.disordered()}) {
      text += in_column(show_count(number), width);
    }
    text += "\n";
  }
  for (const auto& [name, stream] : tally.streams) {
    if (stream.missing(end) > 0) {
      text += "missing of " + printable(name) + ": " + gaps_text(stream, end) + "\n";
    }
  }
  if (tally.unnumbered > 0) {
    text += show_count(tally.unnumbered) + " lines without a number\n";
  }
  if (tally.latency.count() > 0) {
    auto within = [&](double part) { return show_duration(tally.latency.within(part)); };
    text += "latency: half within " + within(0.5) + ", 90 % " + within(0.9) + ", 99 % " + within(0.99) + ", 99.9 % " +
            within(0.999) + ", all " + show_duration(tally.latency.largest()) + "\n";
  }
  return text;
}

std::string tally_json(const Tally& tally, uint64_t end) {
  std::string text = "{\"streams\":[";
  bool is_first = true;
  for (const auto& [name, stream] : tally.streams) {
    text += (is_first ? "" : ",") + std::string("{\"stream\":") + json_text(name) +
            ",\"largest\":" + std::to_string(stream.largest()) + ",\"lines\":" + std::to_string(stream.count()) +
            ",\"missing\":" + std::to_string(stream.missing(end)) +
            ",\"repeated\":" + std::to_string(stream.repeated()) +
            ",\"out_of_order\":" + std::to_string(stream.disordered()) + ",\"missing_ranges\":[" +
            gaps_json(stream, end) + "]}";
    is_first = false;
  }
  text += "],\"lines\":" + std::to_string(tally.lines) + ",\"without_number\":" + std::to_string(tally.unnumbered) +
          ",\"latency_ns\":";
  if (tally.latency.count() == 0) {
    return text + "null}\n";
  }
  constexpr std::pair<const char*, double> parts[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
  for (const auto& [name, part] : parts) {
    text += (part == 0.5 ? "{\"" : ",\"") + std::string(name) + "\":" + std::to_string(tally.latency.within(part));
  }
  return text + ",\"max\":" + std::to_string(tally.latency.largest()) + "}}\n";
}

bool is_right(const Tally& tally, uint64_t end) {
  for (const auto& one : tally.streams) {
    if (one.second.missing(end) > 0 || one.second.repeated() > 0) {
      return false;
    }
  }
  return !tally.streams.empty();
}

}  // namespace stook
