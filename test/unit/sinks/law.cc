// SPDX-License-Identifier: Apache-2.0
#include "test/unit/sinks/law.hh"

#include <simdjson.h>
#include <time.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <msgpack.hpp>

namespace stook::test {

namespace {
std::string show(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) {
    text += name + "=" + value + "\n";
  }
  return text;
}

constexpr int64_t second = 1'000'000'000;

/// ISO 8601 in UTC, by strptime(3).
std::string time_of_text(const std::string& text) {
  tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr || std::string_view(rest) != "Z") {
    return "text " + text;
  }
  return "time " + std::to_string(timegm(&parts) * second);
}

std::string show(simdjson::dom::element value) {
  simdjson::dom::object object;
  if (value.get(object) == simdjson::SUCCESS) {
    std::string members;
    for (auto member : object) {
      members += (members.empty() ? "" : ",") + std::string(member.key) + "=" + show(member.value);
    }
    return "object {" + members + "}";
  }
  char text[40];
  switch (value.type()) {
    case simdjson::dom::element_type::INT64:
      return "integer " + std::to_string(int64_t(value));
    case simdjson::dom::element_type::UINT64:
      return "integer " + std::to_string(uint64_t(value));
    case simdjson::dom::element_type::DOUBLE:
      std::snprintf(text, sizeof text, "real %.17g", double(value));
      return text;
    case simdjson::dom::element_type::BOOL:
      return bool(value) ? "truth true" : "truth false";
    case simdjson::dom::element_type::STRING:
      return "text " + std::string(std::string_view(value));
    case simdjson::dom::element_type::ARRAY: {
      std::string items;
      for (simdjson::dom::element item : simdjson::dom::array(value)) {
        items += (items.empty() ? "" : ",") + show(item);
      }
      return "array [" + items + "]";
    }
    default:
      return "null";
  }
}

std::string show(const msgpack::object& value) {
  char text[40];
  switch (value.type) {
    case msgpack::type::MAP: {
      std::string members;
      for (const msgpack::object_kv& member : value.via.map) {
        members += (members.empty() ? "" : ",") + member.key.as<std::string>() + "=" + show(member.val);
      }
      return "object {" + members + "}";
    }
    case msgpack::type::ARRAY: {
      std::string items;
      for (const msgpack::object& item : value.via.array) {
        items += (items.empty() ? "" : ",") + show(item);
      }
      return "array [" + items + "]";
    }
    case msgpack::type::POSITIVE_INTEGER:
      return "integer " + std::to_string(value.via.u64);
    case msgpack::type::NEGATIVE_INTEGER:
      return "integer " + std::to_string(value.via.i64);
    case msgpack::type::FLOAT64:
      std::snprintf(text, sizeof text, "real %.17g", value.via.f64);
      return text;
    case msgpack::type::BOOLEAN:
      return value.via.boolean ? "truth true" : "truth false";
    case msgpack::type::STR:
      return "text " + value.as<std::string>();
    case msgpack::type::EXT: {
      auto since = value.as<std::chrono::system_clock::time_point>().time_since_epoch();
      return "time " + std::to_string(std::chrono::nanoseconds(since).count());
    }
    default:
      return "null";
  }
}
}  // namespace

std::string Dice::word() {
  std::string made;
  for (size_t n = 1 + below(12); n > 0; n--) {
    made += "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789"[below(42)];
  }
  return made;
}

std::string Dice::text() {
  static const char* pieces[] = {" ", "\"",     "\\", ",", ";", "=",   "'", "|",
                                 "é", "日本語", "🌾",  "/", "n", "x41", "]", "-"};
  std::string made;
  for (size_t n = below(12); n > 0; n--) {
    made += once_in(2) ? word() : pieces[below(16)];
  }
  return made;
}

std::string Dice::wild_text(std::string& seen) {
  static const struct {
    std::string_view bytes;
    const char* seen;
  } controls[] = {{"\x1b", "\\x1b"},           {{"\0", 1}, "\\x00"}, {"\xc2\x9b", "\\u009b"},
                  {"\xe2\x80\xa8", "\\u2028"}, {"\x01", "\\x01"},    {"\xc2\x85", "\\u0085"}};
  std::string made;
  seen.clear();
  for (size_t n = below(4); n > 0; n--) {
    std::string part = text();
    const auto& control = controls[below(6)];
    made += part + std::string(control.bytes);
    seen += part + control.seen;
  }
  return made;
}

int64_t some_time(Dice& dice) {
  return static_cast<int64_t>(631'152'000 + dice.below(1'893'456'000)) * second;
}

std::string format_time(int64_t ns, const char* format) {
  time_t seconds = ns / second;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  return std::string(text, strftime(text, sizeof text, format, &parts));
}

Fields read_json_row(std::string_view line) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  INFO(line);
  REQUIRE(parser.parse(line.data(), line.size()).get(object) == simdjson::SUCCESS);
  Fields fields;
  for (auto member : object) {
    std::string name(member.key);
    std::string value = show(member.value);
    fields[name] = name == "time" ? time_of_text(value.substr(5)) : value;
  }
  REQUIRE(fields.size() == object.size());
  return fields;
}

Fields read_msgpack_row(std::string_view bytes, size_t& at) {
  msgpack::object_handle handle = msgpack::unpack(bytes.data(), bytes.size(), at);
  const msgpack::object& object = handle.get();
  REQUIRE(object.type == msgpack::type::MAP);
  Fields fields;
  for (const msgpack::object_kv& member : object.via.map) {
    fields[member.key.as<std::string>()] = show(member.val);
  }
  REQUIRE(fields.size() == object.via.map.size);
  return fields;
}

std::vector<CsvRecord> read_csv_records(std::string_view bytes, char delimiter) {
  std::vector<CsvRecord> records;
  for (size_t at = 0; at < bytes.size();) {
    CsvRecord record;
    size_t first = at;
    for (bool is_done = false; !is_done; at++) {
      std::optional<std::string> cell;
      if (bytes[at] == '"') {
        cell.emplace();
        for (at++; at < bytes.size() && (bytes[at] != '"' || bytes[at + 1] == '"'); at++) {
          *cell += bytes[at];
          at += bytes[at] == '"' ? 1 : 0;
        }
        at++;
      } else if (size_t end = bytes.find_first_of(std::string{delimiter, '\n'}, at); end > at) {
        cell = bytes.substr(at, end - at);
        at = end;
      }
      REQUIRE(at < bytes.size());
      REQUIRE((bytes[at] == delimiter || bytes[at] == '\n'));
      is_done = bytes[at] == '\n';
      record.cells.push_back(cell);
    }
    record.text = bytes.substr(first, at - 1 - first);
    records.push_back(record);
  }
  return records;
}

void parse_rounds(const char* parser, const Options& options, const Draw& draw,
                  const std::function<void(const Rig& rig, const std::vector<Fields>& rows)>& check) {
  unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  Dice dice(seed);
  for (int round = 0; round < 10; round++) {
    Rig rig(Kind::Filter, parser, options);
    std::vector<Fields> rows;
    for (size_t i = 0; i < 200; i++) {
      rig.row("message", draw(dice, rows.emplace_back()));
    }
    rig.run();
    for (int fault : rig.faults()) {
      FAIL(rig.show(static_cast<size_t>(fault)));
    }
    check(rig, rows);
  }
}

std::string as_nginx(std::string_view text) {
  std::string made;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\x%02X", byte);
    made += byte < 0x20 || byte > 0x7e || c == '"' || c == '\\' ? escape : std::string(1, c);
  }
  return made;
}

std::string write_rows(const Rig& parsed, size_t rows, const std::vector<std::string>& names, const char* codec_name,
                       const Options& options) {
  Rig codec(Kind::Codec, codec_name, options);
  for (size_t row = 0; row < rows; row++) {
    std::vector<std::pair<std::string, Cell>> cells;
    for (const std::string& name : names) {
      if (const Cell* cell = parsed.cell(name, row)) {
        cells.emplace_back(name, *cell);
      }
    }
    codec.row(cells);
  }
  return codec.encode();
}

void check_json_rows(const Rig& parsed, const std::vector<Fields>& rows, const std::vector<std::string>& names) {
  std::string lines = write_rows(parsed, rows.size(), names, "json");
  size_t at = 0;
  for (const Fields& row : rows) {
    size_t end = lines.find('\n', at);
    REQUIRE(end != std::string::npos);
    REQUIRE(show(read_json_row(std::string_view(lines).substr(at, end - at))) == show(row));
    at = end + 1;
  }
  REQUIRE(at == lines.size());
}

void check_msgpack_rows(const Rig& parsed, const std::vector<Fields>& rows, const std::vector<std::string>& names) {
  std::string bytes = write_rows(parsed, rows.size(), names, "msgpack");
  size_t at = 0;
  for (const Fields& row : rows) {
    REQUIRE(show(read_msgpack_row(bytes, at)) == show(row));
  }
  REQUIRE(at == bytes.size());
}

}  // namespace stook::test
