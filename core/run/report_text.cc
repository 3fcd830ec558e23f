// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include "core/api/script_meters.hh"
#include "core/base/text.hh"
#include "core/run/report.hh"

namespace stook {

namespace {
std::string reasons_text(const ReportLine& line) {
  std::string text;
  for (auto& [reason, count] : line.dropped) {
    text += (text.empty() ? "" : " ") + std::string(reason) + "=" + std::to_string(count);
  }
  if (line.spooled > 0) {
    text += (text.empty() ? "" : " ") + std::string("spooled=") + std::to_string(line.spooled);
  }
  if (line.kind == "spool" && line.appended > 0) {
    text += (text.empty() ? "" : " ") + std::string("found=") + std::to_string(line.appended);
  }
  if (line.held > 0) {
    text += (text.empty() ? "" : " ") + std::string("held=") + std::to_string(line.held) +
            " made=" + std::to_string(line.appended);
  }
  if (line.routed > 0) {
    text += (text.empty() ? "" : " ") + std::string("routed=") + std::to_string(line.routed);
  }
  if (line.lettered > 0) {
    text += (text.empty() ? "" : " ") + std::string("letters=") + std::to_string(line.lettered);
  }
  if (line.faults > 0 && line.faults != line.dropped_rows() + line.routed) {
    text += (text.empty() ? "" : " ") + std::string("faults=") + std::to_string(line.faults);
  }
  if (!line.state.empty()) {
    text += (text.empty() ? "" : " ") + std::string(line.state);
  }
  if (line.retries > 0) {
    text += (text.empty() ? "" : " ") + std::string("retries=") + std::to_string(line.retries);
  }
  if (line.type_faults > 0) {
    text += (text.empty() ? "" : " ") + std::string("type_faults=") + std::to_string(line.type_faults);
  }
  if (line.keys_lost > 0) {
    text += (text.empty() ? "" : " ") + std::string("keys_lost=") + std::to_string(line.keys_lost);
  }
  for (auto& [name, number] : line.remarks) {
    text += (text.empty() ? "" : " ") + std::string(name) + "=" + std::to_string(number);
  }
  return text;
}

std::string pad(const std::string& text, size_t width, bool is_right) {
  std::string blanks(width > text.size() ? width - text.size() : 0, ' ');
  return is_right ? blanks + text : text + blanks;
}
}  // namespace

std::string Report::table() const {
  std::vector<std::vector<std::string>> rows = {
      {"element", "in", "out", "filtered", "dropped", "in flight", "bytes", "ns/row", ""}};
  for (const ReportLine& line : lines) {
    std::string name =
        std::string(line.depth * 2, ' ') + line.id + " (" + std::string(line.kind) + " " + line.plugin + ")";
    uint64_t handled = line.in + line.appended;
    rows.push_back({name, show_count(line.in), show_count(line.out), show_count(line.disposed),
                    show_count(line.dropped_rows()), show_count(line.in_flight),
                    line.bytes > 0 ? show_size(line.bytes) : "",
                    line.ns > 0 && handled > 0 ? std::to_string(line.ns / handled) : "", reasons_text(line)});
  }
  std::vector<size_t> widths(rows[0].size(), 0);
  for (auto& row : rows) {
    for (size_t i = 0; i < row.size(); i++) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); i++) {
      line += (i > 0 ? "  " : "") + pad(row[i], widths[i], i > 0 && i + 1 < row.size());
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  text += script_meters_table();
  text += is_balanced() ? "the ledger balances: in = out + filtered + dropped + letters + in flight at every edge\n"
                        : "THE LEDGER DOES NOT BALANCE\n";
  return text;
}

std::string Report::json() const {
  std::string text = "{\"balanced\":" + std::string(is_balanced() ? "true" : "false") +
                     ",\"all_home\":" + (is_all_home ? "true" : "false") +
                     ",\"elapsed_ns\":" + std::to_string(elapsed_ns) + ",\"lines\":[";
  for (const ReportLine& line : lines) {
    auto number = [](const char* name, uint64_t value) {
      return ",\"" + std::string(name) + "\":" + std::to_string(value);
    };
    text += text.back() == '[' ? "" : ",";
    text += "{\"id\":\"" + line.id + "\",\"kind\":\"" + std::string(line.kind) + "\",\"plugin\":\"" + line.plugin +
            "\",\"route\":\"" + line.route + "\"" + number("depth", line.depth) + number("in", line.in) +
            number("appended", line.appended) + number("out", line.out) + number("disposed", line.disposed) +
            number("held", line.held) + number("spooled", line.spooled) + number("faults", line.faults) +
            number("routed", line.routed) + number("lettered", line.lettered) + number("in_flight", line.in_flight) +
            number("bytes", line.bytes) + number("ns", line.ns) + number("deliveries", line.deliveries) +
            number("retries", line.retries) +
            (line.state.empty() ? "" : ",\"state\":\"" + std::string(line.state) + "\"") +
            number("type_faults", line.type_faults) + number("keys_lost", line.keys_lost);
    for (auto& [name, count] : line.remarks) {
      text += number(std::string(name).c_str(), count);
    }
    text += ",\"dropped\":{";
    for (size_t i = 0; i < line.dropped.size(); i++) {
      text +=
          (i > 0 ? ",\"" : "\"") + std::string(line.dropped[i].first) + "\":" + std::to_string(line.dropped[i].second);
    }
    text += "}}";
  }
  std::string meters = script_meters_json();
  return text + "]" + (meters.empty() ? "" : ",\"meters\":" + meters) + "}";
}

std::string Report::busiest() const {
  auto line = std::max_element(lines.begin(), lines.end(), [](auto& a, auto& b) { return a.ns < b.ns; });
  if (line == lines.end() || elapsed_ns == 0) {
    return "nothing has run";
  }
  return line->id + " (" + line->plugin + ") " + std::to_string(line->ns * 100 / static_cast<uint64_t>(elapsed_ns)) +
         " % of a processor";
}

}  // namespace stook
