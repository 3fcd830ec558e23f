// SPDX-License-Identifier: Apache-2.0
/// How a picture of `stook top` is sorted, filtered and written.
#include <algorithm>
#include <cstdio>

#include "core/base/text.hh"
#include "core/plan/describe_table.hh"
#include "core/tool/top_frame.hh"

namespace stook {

namespace {
std::string count(double value) {
  return show_count(static_cast<uint64_t>(std::max(0.0, value) + 0.5));
}

std::string fixed(double value, int places, double scale = 1) {
  char text[48];
  std::snprintf(text, sizeof text, "%.*f", places, value * scale);
  return text;
}

std::string time_text(double seconds) {
  return seconds <= 0 ? "" : show_duration(static_cast<int64_t>(seconds * 1000) * 1'000'000);
}

struct Shown {
  std::string_view name;
  std::string_view title;
  size_t width;
  bool is_text;
  std::string (*show)(const TopRow&);
  double (*number)(const TopRow&);  // null: it is sorted as text
};
constexpr Shown columns[] = {
    {"element", "ELEMENT", 16, true, [](const TopRow& row) { return row.element; }, nullptr},
    {"kind", "KIND", 8, true, [](const TopRow& row) { return row.kind; }, nullptr},
    {"plugin", "PLUGIN", 12, true, [](const TopRow& row) { return row.plugin; }, nullptr},
    {"in", "ROWS/s IN", 11, false, [](const TopRow& row) { return count(row.in); },
     [](const TopRow& row) { return row.in; }},
    {"out", "ROWS/s OUT", 11, false, [](const TopRow& row) { return count(row.out); },
     [](const TopRow& row) { return row.out; }},
    {"bytes", "MB/s", 8, false, [](const TopRow& row) { return row.bytes > 0 ? fixed(row.bytes, 2, 1e-6) : ""; },
     [](const TopRow& row) { return row.bytes; }},
    {"ns", "ns/ROW", 9, false, [](const TopRow& row) { return row.ns > 0 ? count(row.ns) : ""; },
     [](const TopRow& row) { return row.ns; }},
    {"busy", "%BUSY", 6, false, [](const TopRow& row) { return fixed(row.busy, 1, 100); },
     [](const TopRow& row) { return row.busy; }},
    {"age", "OLDEST", 9, false, [](const TopRow& row) { return time_text(row.age); },
     [](const TopRow& row) { return row.age; }},
    {"lost", "LOST", 9, false, [](const TopRow& row) { return row.all_lost > 0 ? count(row.all_lost) : ""; },
     [](const TopRow& row) { return row.all_lost; }},
    {"state", "STATE", 0, true, [](const TopRow& row) { return row.state; }, nullptr}};

std::string padded(const std::string& text, const Shown& column) {
  std::string blanks(column.width > text.size() ? column.width - text.size() : 0, ' ');
  return column.is_text ? text + blanks : blanks + text;
}
}  // namespace

std::vector<std::string_view> top_columns() {
  std::vector<std::string_view> names;
  for (const Shown& column : columns) {
    names.push_back(column.name);
  }
  return names;
}

bool TopFrame::sort(std::string_view name, bool is_reverse) {
  auto column =
      std::find_if(std::begin(columns), std::end(columns), [&](const Shown& one) { return one.name == name; });
  if (column == std::end(columns)) {
    return false;
  }
  auto is_before = [&](const TopRow& a, const TopRow& b) {
    return column->number != nullptr ? column->number(a) > column->number(b) : column->show(a) < column->show(b);
  };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const TopRow& a, const TopRow& b) { return is_reverse ? is_before(b, a) : is_before(a, b); });
  return true;
}

void TopFrame::filter(std::string_view text) {
  std::erase_if(rows, [&](const TopRow& row) {
    std::string all = row.element + '\n' + row.kind + '\n' + row.plugin + '\n' + row.route + '\n' + row.state;
    return all.find(text) == std::string::npos;
  });
}

std::vector<std::string> TopFrame::head(std::string_view now) const {
  std::string state = is_healthy ? "healthy" : "UNHEALTHY";
  return {"stook top - " + std::string(now) + "  up " + show_duration(static_cast<int64_t>(uptime) * 1'000'000'000) +
              "  " + state + "  stookd " + printable(version, 32),
          "rows/s " + count(rows_in) + " in, " + count(rows_out) + " out   MB/s " + fixed(bytes_in, 1, 1e-6) + " in, " +
              fixed(bytes_out, 1, 1e-6) + " out   lost " + count(lost) + "   oldest " +
              (oldest > 0 ? time_text(oldest) : "none") + "   cpu " + fixed(cpu, 0, 100) + " %   memory " +
              show_size(static_cast<uint64_t>(memory)),
          "bottleneck: " + printable(bottleneck)};
}

std::vector<std::string> TopFrame::table() const {
  std::vector<std::string> lines;
  std::string title;
  for (const Shown& column : columns) {
    title += (title.empty() ? "" : "  ") + padded(std::string(column.title), column);
  }
  lines.push_back(title);
  for (const TopRow& row : rows) {
    std::string line;
    for (const Shown& column : columns) {
      line += (line.empty() ? "" : "  ") + padded(printable(column.show(row), 64), column);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(line);
  }
  return lines;
}

std::string TopFrame::json() const {
  auto number = [](const char* name, double value) { return ",\"" + std::string(name) + "\":" + fixed(value, 6); };
  std::string text = "{\"version\":" + json_text(version) + ",\"healthy\":" + (is_healthy ? "true" : "false") +
                     number("seconds", seconds) + number("rows_in", rows_in) + number("rows_out", rows_out) +
                     number("bytes_in", bytes_in) + number("bytes_out", bytes_out) + number("lost", lost) +
                     number("oldest_s", oldest) + number("cpu", cpu) + number("memory", memory) +
                     number("uptime_s", uptime) + ",\"bottleneck\":" + json_text(bottleneck) + ",\"elements\":[";
  for (const TopRow& row : rows) {
    text += text.back() == '[' ? "" : ",";
    text += "{\"element\":" + json_text(row.element) + ",\"kind\":" + json_text(row.kind) +
            ",\"plugin\":" + json_text(row.plugin) + ",\"route\":" + json_text(row.route) + number("in", row.in) +
            number("out", row.out) + number("bytes", row.bytes) + number("ns_per_row", row.ns) +
            number("busy", row.busy) + number("age_s", row.age) + number("lost_per_s", row.lost) +
            number("lost", row.all_lost) + ",\"state\":" + json_text(row.state) + "}";
  }
  return text + "]}";
}

}  // namespace stook
