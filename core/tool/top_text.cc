// SPDX-License-Identifier: Apache-2.0
/// How a picture of `stook top` is sorted, filtered and written.
#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

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
  int yields;  // on a narrow screen it is the so many-th to be left out; 0: it never is
  bool is_text;
  std::string (*show)(const TopRow&);
  double (*number)(const TopRow&);  // null: it is sorted as text
};
constexpr Shown columns[] = {
    {"element", "ELEMENT", 16, 0, true, [](const TopRow& row) { return row.element; }, nullptr},
    {"kind", "KIND", 8, 0, true, [](const TopRow& row) { return row.kind; }, nullptr},
    {"plugin", "PLUGIN", 12, 1, true, [](const TopRow& row) { return row.plugin; }, nullptr},
    {"in", "ROWS/s IN", 11, 4, false, [](const TopRow& row) { return count(row.in); },
     [](const TopRow& row) { return row.in; }},
    {"out", "ROWS/s OUT", 11, 0, false, [](const TopRow& row) { return count(row.out); },
     [](const TopRow& row) { return row.out; }},
    {"bytes", "MB/s", 8, 3, false, [](const TopRow& row) { return row.bytes > 0 ? fixed(row.bytes, 2, 1e-6) : ""; },
     [](const TopRow& row) { return row.bytes; }},
    {"ns", "ns/ROW", 9, 2, false, [](const TopRow& row) { return row.ns > 0 ? count(row.ns) : ""; },
     [](const TopRow& row) { return row.ns; }},
    {"busy", "%BUSY", 6, 0, false, [](const TopRow& row) { return fixed(row.busy, 1, 100); },
     [](const TopRow& row) { return row.busy; }},
    {"age", "OLDEST", 9, 0, false, [](const TopRow& row) { return time_text(row.age); },
     [](const TopRow& row) { return row.age; }},
    {"lost", "LOST", 9, 0, false, [](const TopRow& row) { return row.all_lost > 0 ? count(row.all_lost) : ""; },
     [](const TopRow& row) { return row.all_lost; }},
    {"state", "STATE", 0, 0, true, [](const TopRow& row) { return row.state; }, nullptr}};

constexpr size_t column_count = std::size(columns);
constexpr size_t gap = 2;
using LineCells = std::array<std::string, column_count>;
using Widths = std::array<size_t, column_count>;  // 0: left out

size_t sum_of(const Widths& widths) {
  size_t sum = 0;
  for (size_t width : widths) {
    sum += width > 0 ? width + gap : 0;
  }
  return sum - gap;
}

// Usual widths where there is room; else no wider than what stands in them; and then some are left out. Of the last
// column the title has to fit.
Widths fit(const std::vector<LineCells>& lines, size_t room) {
  Widths usual{};
  Widths least{};
  for (size_t i = 0; i < column_count; i++) {
    bool is_last = i + 1 == column_count;
    for (const LineCells& line : lines) {
      least[i] = std::max(least[i], is_last ? columns[i].title.size() : line[i].size());
    }
    usual[i] = std::max(least[i], columns[i].width);
  }
  if (sum_of(usual) <= room) {
    return usual;
  }
  for (int turn = 1; sum_of(least) > room && turn <= 4; turn++) {
    for (size_t i = 0; i < column_count; i++) {
      least[i] = columns[i].yields == turn ? 0 : least[i];
    }
  }
  return least;
}

std::string joined(const LineCells& line, const Widths& widths) {
  std::string text;
  for (size_t i = 0; i < column_count; i++) {
    if (widths[i] == 0) {
      continue;
    }
    std::string blanks(widths[i] > line[i].size() ? widths[i] - line[i].size() : 0, ' ');
    text += std::string(text.empty() ? 0 : gap, ' ') + (columns[i].is_text ? line[i] + blanks : blanks + line[i]);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

// Pieces in as many lines as they need.
std::vector<std::string> filled(const std::vector<std::string>& pieces, size_t room) {
  std::vector<std::string> lines;
  for (const std::string& piece : pieces) {
    if (lines.empty() || lines.back().size() + 3 + piece.size() > room) {
      lines.push_back(piece);
    } else {
      lines.back() += "   " + piece;
    }
  }
  return lines;
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

std::vector<std::string> TopFrame::head(std::string_view now, size_t room) const {
  std::string state = is_healthy ? "healthy" : "UNHEALTHY";
  std::vector<std::string> lines = {"stook top - " + std::string(now) + "  up " +
                                    show_duration(static_cast<int64_t>(uptime) * 1'000'000'000) + "  " + state +
                                    "  stookd " + printable(version, 32)};
  std::vector<std::string> figures = {"rows/s " + count(rows_in) + " in, " + count(rows_out) + " out",
                                      "MB/s " + fixed(bytes_in, 1, 1e-6) + " in, " + fixed(bytes_out, 1, 1e-6) + " out",
                                      "lost " + count(lost),
                                      "oldest " + (oldest > 0 ? time_text(oldest) : "none"),
                                      "cpu " + fixed(cpu, 0, 100) + " %",
                                      "memory " + show_size(static_cast<uint64_t>(memory))};
  for (std::string& line : filled(figures, room)) {
    lines.push_back(std::move(line));
  }
  lines.push_back("bottleneck: " + printable(bottleneck));
  return lines;
}

std::vector<std::string> TopFrame::table(size_t room) const {
  std::vector<LineCells> cells(1 + rows.size());
  for (size_t i = 0; i < column_count; i++) {
    cells[0][i] = columns[i].title;
    for (size_t row = 0; row < rows.size(); row++) {
      cells[row + 1][i] = printable(columns[i].show(rows[row]), 64);
    }
  }
  Widths widths = fit(cells, room);
  std::vector<std::string> lines;
  for (const LineCells& line : cells) {
    lines.push_back(joined(line, widths));
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
