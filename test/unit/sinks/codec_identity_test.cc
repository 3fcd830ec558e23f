// SPDX-License-Identifier: Apache-2.0
// The identity law of the codecs whose values have types, msgpack and json: what is written, the parser of that form reads
// again. Each test says what such a form cannot keep, and that it keeps all else.
#include <catch2/catch.hpp>
#include <map>

#include "test/unit/sinks/passage.hh"

using namespace stook;
using namespace stook::test;

namespace {
/// A value with all heads in their shortest form, so that equal values have equal bytes.
std::string shortest_of(ObjectReader& reader) {
  Cell cell{};
  uint32_t size = 0;
  Item item = reader.next(cell, size);
  if (item == Item::Value) {
    std::string value(cell_room(cell), '\0');
    return {value.data(), put_cell(value.data(), cell)};
  }
  char head[8];
  REQUIRE((item == Item::Map || item == Item::Array));
  std::string made(head, item == Item::Map ? put_map_head(head, size) : put_array_head(head, size));
  for (size = item == Item::Map ? 2 * size : size; size > 0; size--) {
    made += shortest_of(reader);
  }
  return made;
}

std::string shortest(std::string_view value) {
  ObjectReader reader(value);
  std::string made = shortest_of(reader);
  REQUIRE(reader.left() == 0);
  return made;
}

/// `type bytes`, so that equal texts are equal values: bits of words, bytes of slices.
std::string show(const Cell* cell) {
  if (cell == nullptr) {
    return "absent";
  }
  std::string type(type_name(cell->type));
  if (cell->type == Type::Object) {
    return type + " " + shortest(cell->bytes());
  }
  bool is_number = cell->type == Type::Text && cell->is_number;
  return type + (is_number ? " number " : " ") +
         (cell->is_slice() ? std::string(cell->bytes()) : std::to_string(cell->bits));
}

std::vector<std::pair<std::string, Cell>> cells_of(const std::vector<PassedMember>& row, Cell Passage::*side) {
  std::vector<std::pair<std::string, Cell>> cells;
  for (const auto& [name, passage] : row) {
    cells.emplace_back(name, passage.*side);
  }
  return cells;
}

std::vector<std::string_view> split_msgpack(std::string_view bytes) {
  std::vector<std::string_view> maps;
  ObjectReader reader(bytes);
  for (std::string_view map = reader.skip(); !map.empty(); map = reader.skip()) {
    maps.push_back(map);
  }
  REQUIRE(reader.left() == 0);
  return maps;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    REQUIRE(end != std::string_view::npos);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// The members of a map of msgpack: names to the bytes of their values.
std::map<std::string_view, std::string> members_of(std::string_view map) {
  ObjectReader reader(map);
  Cell name{};
  uint32_t size = 0;
  REQUIRE(reader.next(name, size) == Item::Map);
  std::map<std::string_view, std::string> members;
  for (uint32_t i = 0, unused = 0; i < size; i++) {
    REQUIRE(reader.next(name, unused) == Item::Value);
    members[name.bytes()] = shortest(reader.skip());
  }
  REQUIRE(members.size() == size);
  return members;
}

/// What a parser makes of what a codec wrote.
void parse(Rig& parser, bool is_json, std::string_view bytes, size_t rows) {
  std::vector<std::string_view> pieces = is_json ? split_lines(bytes) : split_msgpack(bytes);
  REQUIRE(pieces.size() == rows);
  for (std::string_view piece : pieces) {
    is_json ? parser.row("message", piece) : parser.row({{"record", Cell::of_slice(Type::Object, piece)}});
  }
  REQUIRE(parser.run().faults().empty());
}

constexpr const char* codec_name(bool is_json) {
  return is_json ? "json" : "msgpack";
}
constexpr const char* parser_name(bool is_json) {
  return is_json ? "parse_json" : "parse_msgpack";
}

void check_law(bool is_json) {
  unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  ValueDrawer drawer(seed, is_json);
  for (int round = 0; round < 20; round++) {
    std::vector<std::string> names = drawer.names(16);
    std::vector<std::vector<PassedMember>> rows;
    Rig writer(Kind::Codec, codec_name(is_json));
    for (int i = 0; i < 200; i++) {
      writer.row(cells_of(rows.emplace_back(drawer.row(names, 2)), &Passage::written));
    }
    std::string bytes = writer.encode();
    REQUIRE(writer.faults().empty());
    Rig reader(Kind::Filter, parser_name(is_json));
    parse(reader, is_json, bytes, rows.size());
    for (size_t i = 0; i < rows.size(); i++) {
      std::map<std::string, std::string> wanted;
      for (const auto& [name, passage] : rows[i]) {
        wanted[name] = show(&passage.read);
      }
      for (const std::string& name : names) {
        INFO("row " << i << " member " << name);
        REQUIRE(show(reader.cell(name, i)) == (wanted.count(name) > 0 ? wanted[name] : "absent"));
      }
      for (const char* none : {"message", "record", "parse_error", "rest"}) {
        REQUIRE(reader.cell(none, i) == nullptr);
      }
    }
  }
}
}  // namespace

// A number without a sign that int64 holds is an Integer afterwards. All else comes back: type, bits and bytes, nested ones
// and NaN too.
TEST_CASE("what msgpack writes, parse_msgpack reads as the same values") {
  check_law(false);
}

// JSON has neither times, addresses nor bytes: they come back as their texts; and no number that is not finite: null.
TEST_CASE("what json writes, parse_json reads as the same values, as far as JSON has them") {
  check_law(true);
}

// More names than a route has keys: members are in `rest`, and codecs write them among the others.
TEST_CASE("what parse_msgpack and parse_json read and have no key for, msgpack writes again") {
  bool is_json = GENERATE(false, true);
  unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  ValueDrawer drawer(seed, is_json);
  std::vector<std::string> names = drawer.names(600);
  std::string wanted;
  std::string written;
  for (int i = 0; i < 60; i++) {
    std::vector<PassedMember> row = drawer.row(names, 12);
    wanted += Rig(Kind::Codec, "msgpack").row(cells_of(row, &Passage::read)).encode();
    written += Rig(Kind::Codec, codec_name(is_json)).row(cells_of(row, &Passage::written)).encode();
  }
  std::vector<std::string_view> maps = split_msgpack(wanted);
  Rig reader(Kind::Filter, parser_name(is_json));
  parse(reader, is_json, written, maps.size());
  names.push_back("rest");
  size_t overflowed = 0;
  for (size_t i = 0; i < maps.size(); i++) {
    std::vector<std::pair<std::string, Cell>> cells;
    for (const std::string& name : names) {
      if (const Cell* cell = reader.cell(name, i)) {
        cells.emplace_back(name, *cell);
      }
    }
    overflowed += cells.empty() || cells.back().first != "rest" ? 0 : 1;
    INFO("row " << i);
    std::string bytes = Rig(Kind::Codec, "msgpack").row(cells).encode();
    REQUIRE(members_of(bytes) == members_of(maps[i]));
  }
  REQUIRE(overflowed > 0);
}
