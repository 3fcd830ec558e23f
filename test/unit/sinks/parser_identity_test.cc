// SPDX-License-Identifier: Apache-2.0
// The identity law of parsers and codecs: rows of random values are written as text by generators of this file, taken
// apart by a parser, encoded, and read by readers that share no code with stook. All values must be what the generator
// began with.
#include <catch2/catch.hpp>
#include <cstdio>

#include "core/base/clock.hh"
#include "test/unit/sinks/law.hh"

using namespace stook;
using namespace stook::test;

namespace {
/// A JSON string with what must be escaped, and now and then what need not.
std::string as_json(Dice& dice, std::string_view text) {
  std::string made = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool must = byte < 0x20 || c == '"' || c == '\\';
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\u%04x", byte);
    made += must || (byte < 0x80 && dice.once_in(10)) ? escape : std::string(1, c);
  }
  return made + '"';
}

const char* const facilities[] = {"kern", "user", "mail",     "daemon", "auth", "syslog", "lpr",   "news",
                                  "uucp", "cron", "authpriv", "ftp",    "ntp",  "audit",  "alert", "clock"};
const char* const severities[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

std::string draw_pri(Dice& dice, Fields& row) {
  size_t facility = dice.below(24);
  size_t severity = dice.below(8);
  row["pri"] = "integer " + std::to_string(facility * 8 + severity);
  row["facility"] =
      facility < 16 ? std::string("text ") + facilities[facility] : "text local" + std::to_string(facility - 16);
  row["severity"] = std::string("text ") + severities[severity];
  return "<" + row["pri"].substr(8) + ">";
}

std::string draw_message(Dice& dice, Fields& row) {
  std::string seen;
  std::string text = dice.word() + " " + (dice.once_in(2) ? dice.text() : dice.wild_text(seen)) + ".";
  row["message"] = "text " + text;
  return text;
}

/// RFC 5424 with structured data.
std::string draw_syslog(Dice& dice, Fields& row) {
  std::string line = draw_pri(dice, row) + "1 ";
  int64_t time = some_time(dice);
  row["time"] = "time " + std::to_string(time);
  line += format_time(time, "%Y-%m-%dT%H:%M:%SZ");
  for (const char* name : {"host", "app", "pid", "msgid"}) {
    std::string word = dice.word();
    bool is_there = !dice.once_in(4);
    line += " " + (is_there ? word : "-");
    if (is_there) {
      row[name] = "text " + word;
    }
  }
  line += " ";
  std::string shown;
  for (size_t id = dice.below(4); id > 0; id--) {
    std::string name = dice.word() + "@" + std::to_string(id);
    line += "[" + name;
    shown += (shown.empty() ? "" : ",") + name + "=object {";
    size_t pairs = dice.below(3);
    for (size_t k = 0; k < pairs; k++) {
      std::string value = dice.text();
      std::string key = dice.word() + std::to_string(k);
      line += " " + key + "=\"";
      for (char c : value) {
        line += c == '"' || c == '\\' || c == ']' ? std::string{'\\', c} : std::string(1, c);
      }
      line += "\"";
      shown += (k == 0 ? "" : ",") + key + "=text " + value;
    }
    line += "]";
    shown += "}";
  }
  if (shown.empty()) {
    line += "-";
  } else {
    row["structured_data"] = "object {" + shown + "}";
  }
  return dice.once_in(5) ? line : line + " " + draw_message(dice, row);
}

/// RFC 3164. The year is not written: times are of the last 300 days. A host that could be a year would be one.
std::string draw_old_syslog(Dice& dice, Fields& row) {
  constexpr int64_t second = 1'000'000'000;
  std::string line = dice.once_in(5) ? std::string() : draw_pri(dice, row);
  int64_t time = (wall_ns() / second - static_cast<int64_t>(dice.below(300 * 86400))) * second;
  row["time"] = "time " + std::to_string(time);
  row["host"] = "text h" + dice.word();
  row["app"] = "text " + dice.word();
  line += format_time(time, "%b %e %H:%M:%S ") + row["host"].substr(5) + " " + row["app"].substr(5);
  if (dice.once_in(2)) {
    row["pid"] = "text " + std::to_string(dice.below(100'000));
    line += "[" + row["pid"].substr(5) + "]";
  }
  return line + ": " + draw_message(dice, row);
}

const std::vector<std::string> syslog_names = {"pri", "facility", "severity",        "time",   "host", "app",
                                               "pid", "msgid",    "structured_data", "message"};
}  // namespace

TEST_CASE("what parse_syslog reads, json and msgpack write with the same values") {
  for (const Draw& draw : {Draw(draw_syslog), Draw(draw_old_syslog)}) {
    parse_rounds("parse_syslog", {}, draw, [](const Rig& rig, const std::vector<Fields>& rows) {
      check_json_rows(rig, rows, syslog_names);
      check_msgpack_rows(rig, rows, syslog_names);
    });
  }
}

namespace {
std::string draw_value(Dice& dice, std::string& shown, int depth) {
  char text[40];
  std::string seen;
  switch (dice.below(depth > 0 ? 8 : 6)) {
    case 0:
      shown = "null";
      return "null";
    case 1:
      shown = dice.once_in(2) ? "truth true" : "truth false";
      return shown.substr(6);
    case 2:
      shown = "integer " + (dice.once_in(2) ? std::to_string(dice.integer()) : std::to_string(dice.any()));
      return shown.substr(8);
    case 3:
      std::snprintf(text, sizeof text, "%.17g", static_cast<double>(dice.integer()) / 1024 + 0.5);
      shown = std::string("real ") + text;
      return text + std::string(std::string_view(text).find_first_of(".e") == std::string::npos ? ".0" : "");
    case 6:
    case 7: {
      bool is_array = dice.once_in(2);
      std::string inner;
      std::string made;
      for (size_t n = dice.below(4); n > 0; n--) {
        std::string name = dice.word() + std::to_string(n);
        std::string value;
        made += (made.empty() ? "" : " , ") + (is_array ? "" : as_json(dice, name) + " : ") +
                draw_value(dice, value, depth - 1);
        inner += (inner.empty() ? "" : ",") + (is_array ? "" : name + "=") + value;
      }
      shown = (is_array ? "array [" : "object {") + inner + (is_array ? "]" : "}");
      return (is_array ? "[" : "{") + made + (is_array ? "]" : "}");
    }
    default: {
      std::string made = dice.once_in(2) ? dice.text() : dice.wild_text(seen);
      shown = "text " + made;
      return as_json(dice, made);
    }
  }
}

const std::vector<std::string> plain_names = {"a", "b", "c", "d", "e"};

std::string draw_json(Dice& dice, Fields& row) {
  std::string line = "{";
  for (const std::string& name : plain_names) {
    if (!dice.once_in(4)) {
      line += (line.size() == 1 ? "" : ",") + as_json(dice, name) + ":" + draw_value(dice, row[name], 3);
    }
  }
  return line + "}";
}

std::string draw_kv(Dice& dice, Fields& row) {
  std::string line;
  for (const std::string& name : plain_names) {
    std::string seen;
    std::string text = dice.once_in(2) ? dice.text() : dice.wild_text(seen);
    row[name] = "text " + text;
    line += name + "=\"" + as_nginx(text) + "\" ";
  }
  return line;
}

std::string draw_door(Dice& dice, Fields& row) {
  std::string seen;
  std::string text = dice.once_in(2) ? dice.text() : dice.wild_text(seen);
  int64_t number = dice.integer();
  std::string who = dice.word();
  row = {{"a", "text " + who}, {"b", "integer " + std::to_string(number)}, {"d", "text " + text}};
  std::string line = who + " " + std::to_string(number) + " ";
  if (dice.once_in(2)) {
    row["c"] = "text " + dice.word();
    line += "[" + row["c"].substr(5) + "] ";
  }
  return line + ":" + text;
}

void check_plain(const Rig& rig, const std::vector<Fields>& rows) {
  check_json_rows(rig, rows, plain_names);
  check_msgpack_rows(rig, rows, plain_names);
}
}  // namespace

TEST_CASE("what parse_json reads, json and msgpack write with the same values") {
  parse_rounds("parse_json", {}, draw_json, check_plain);
}

TEST_CASE("what parse_kv reads, json and msgpack write with the same texts") {
  parse_rounds("parse_kv", {}, draw_kv, check_plain);
}

TEST_CASE("what parse_regex reads, json and msgpack write with the same values") {
  const Options options = {{"regex", R"((?s)^(?<a>\w+) (?<b>-?\d+) (?:\[(?<c>\w+)\] )?:(?<d>.*)\z)"},
                           {"types", "b:integer"}};
  parse_rounds("parse_regex", options, draw_door, check_plain);
}
