// SPDX-License-Identifier: Apache-2.0
// The identity law of parse_access and the codecs: lines written by a generator of this file are taken apart, encoded, and
// read by readers that share no code with stook. All values must be what the generator began with.
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>

#include "test/unit/sinks/law.hh"

using namespace stook;
using namespace stook::test;

namespace {
const std::vector<std::string> access_names = {"remote_addr",  "remote_user",    "time",   "method",
                                               "path",         "protocol",       "status", "body_bytes_sent",
                                               "http_referer", "http_user_agent"};

/// A line of nginx's combined format. `draw_text` gives what is in quotes.
std::string draw_access(Dice& dice, Fields& row, const std::function<std::string()>& draw_text) {
  auto maybe = [&](const char* name, const std::string& text) {
    if (dice.once_in(4) || text == "-") {
      return std::string("-");
    }
    row[name] = "text " + text;
    return as_nginx(text);
  };
  std::string address = std::to_string(dice.below(256)) + ".0.2." + std::to_string(dice.below(256));
  row["remote_addr"] = "text " + address;
  std::string line = address + " - " + maybe("remote_user", dice.word()) + " [";
  int64_t time = some_time(dice);
  int zone = static_cast<int>(dice.below(96)) - 48;
  row["time"] = "time " + std::to_string(time);
  line += format_time(time + zone * int64_t{900'000'000'000}, "%d/%b/%Y:%H:%M:%S ");
  char offset[16];
  std::snprintf(offset, sizeof offset, "%c%02d%02d] \"", zone < 0 ? '-' : '+', std::abs(zone) / 4,
                std::abs(zone) % 4 * 15);
  line += offset;
  std::string path = "/" + draw_text();
  row["method"] = "text " + dice.word();
  row["path"] = "text " + path;
  row["protocol"] = dice.once_in(2) ? "text HTTP/1.1" : "text HTTP/2";
  line += row["method"].substr(5) + " " + as_nginx(path) + " " + row["protocol"].substr(5) + "\" ";
  row["status"] = "integer " + std::to_string(dice.below(1000));
  line += row["status"].substr(8) + " ";
  if (dice.once_in(8)) {
    line += "-";
  } else {
    row["body_bytes_sent"] = "integer " + std::to_string(dice.any() >> 1 >> dice.below(63));
    line += row["body_bytes_sent"].substr(8);
  }
  line += " \"" + maybe("http_referer", draw_text()) + "\" \"";
  return line + maybe("http_user_agent", draw_text()) + "\"";
}

std::string draw_wild_access(Dice& dice, Fields& row) {
  return draw_access(dice, row, [&] {
    std::string seen;
    return dice.once_in(2) ? dice.text() : dice.wild_text(seen);
  });
}
}  // namespace

TEST_CASE("what parse_access reads, json and msgpack write with the same values") {
  parse_rounds("parse_access", {}, draw_wild_access, [](const Rig& rig, const std::vector<Fields>& rows) {
    check_json_rows(rig, rows, access_names);
    check_msgpack_rows(rig, rows, access_names);
  });
}

// csv has no types, and no texts with controls: it shows these as escapes.
TEST_CASE("what parse_access reads, csv writes with the same texts, but for controls") {
  auto draw = [](Dice& dice, Fields& row) { return draw_access(dice, row, [&] { return dice.text(); }); };
  parse_rounds("parse_access", {}, draw, [](const Rig& rig, const std::vector<Fields>& rows) {
    std::string keys;
    for (const std::string& name : access_names) {
      keys += (keys.empty() ? "" : ",") + name;
    }
    std::string bytes = write_rows(rig, rows.size(), access_names, "csv", {{"keys", keys}});
    std::vector<CsvRecord> records = read_csv_records(bytes, ',');
    REQUIRE(records.size() == rows.size());
    for (size_t i = 0; i < rows.size(); i++) {
      INFO(records[i].text);
      for (size_t k = 0; k < access_names.size(); k++) {
        auto value = rows[i].find(access_names[k]);
        const std::optional<std::string>& cell = records[i].cells[k];
        REQUIRE(cell.has_value() == (value != rows[i].end()));
        if (cell && access_names[k] == "time") {
          REQUIRE(*cell == format_time(std::stoll(value->second.substr(5)), "%Y-%m-%dT%H:%M:%SZ"));
        } else if (cell) {
          REQUIRE(*cell == value->second.substr(value->second.find(' ') + 1));
        }
      }
    }
  });
}
