// SPDX-License-Identifier: Apache-2.0
// The identity law of the codecs whose values are text without a type, csv and pattern: what is written, the parser of
// that form reads again. Each test says what such a form cannot keep, and that it keeps all else.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <deque>

#include "core/data/pattern.hh"
#include "test/unit/sinks/law.hh"

using namespace stook;
using namespace stook::test;

namespace {
const std::vector<std::string> names = {"a", "b", "c", "d", "e", "f", "g"};
constexpr const char* keys = "a, b, c, d, e, f, g";
constexpr const char* typed_keys = "a, b:integer, c:unsigned, d:real, e:boolean, f:time, g";

double some_real(Dice& dice) {
  uint64_t bits = dice.any();
  double real = 0;
  std::memcpy(&real, &bits, sizeof real);
  return std::isfinite(real) ? real : 0.5;
}

/// The cells of a row, one for each of `names`; some are absent.
std::vector<std::pair<std::string, Cell>> some_cells(Dice& dice, std::deque<std::string>& store) {
  std::vector<std::pair<std::string, Cell>> cells = {
      {"a", Cell::of_text(store.emplace_back(dice.text()))},
      {"b", Cell::of_integer(dice.integer())},
      {"c", Cell::of_unsigned(dice.any())},
      {"d", Cell::of_real(some_real(dice))},
      {"e", Cell::of_boolean(dice.once_in(2))},
      {"f", Cell::of_time(static_cast<int64_t>(dice.any() >> 1))},
      {"g", Cell::of_text(store.emplace_back(dice.text() + (dice.once_in(3)   ? "\n"
                                                            : dice.once_in(3) ? "\r"
                                                                              : "")))}};
  std::erase_if(cells, [&](const auto&) { return dice.once_in(4); });
  return cells;
}

bool same(const Cell* one, const Cell* other) {
  if (one == nullptr || other == nullptr) {
    return one == other;
  }
  return one->type == other->type && (one->is_slice() ? one->bytes() == other->bytes() : one->bits == other->bits);
}
}  // namespace

TEST_CASE("what csv writes, parse_csv reads as the same values where it knows their types") {
  unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  Dice dice(seed);
  for (const char* delimiter : {",", ";", "|", "\\t"}) {
    for (int round = 0; round < 10; round++) {
      std::deque<std::string> store;
      Rig written(Kind::Codec, "csv", {{"keys", keys}, {"delimiter", delimiter}});
      for (int i = 0; i < 200; i++) {
        written.row(some_cells(dice, store));
      }
      char between = delimiter[0] == '\\' ? '\t' : delimiter[0];
      std::vector<CsvRecord> records = read_csv_records(written.encode(), between);
      REQUIRE(records.size() == 200);
      Rig read(Kind::Filter, "parse_csv", {{"keys", typed_keys}, {"delimiter", delimiter}});
      for (const CsvRecord& record : records) {
        REQUIRE(record.cells.size() == names.size());
        read.row("message", record.text);
      }
      REQUIRE(read.run().faults().empty());
      for (size_t i = 0; i < 200; i++) {
        INFO("row " << i << ": " << records[i].text);
        for (size_t k = 0; k < names.size(); k++) {
          REQUIRE(same(read.cell(names[k], i), written.cell(names[k], i)));
          REQUIRE(records[i].cells[k].has_value() == (written.cell(names[k], i) != nullptr));
        }
      }
    }
  }
}

TEST_CASE("csv keeps no types, no null, and shows controls as escapes that nobody undoes") {
  unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  Dice dice(seed);
  std::deque<std::string> store;
  std::vector<Fields> wanted;
  Rig written(Kind::Codec, "csv", {{"keys", "a, b, c, d"}});
  for (int i = 0; i < 200; i++) {
    Fields row;
    int64_t number = dice.integer();
    std::string text = dice.wild_text(row["a"]);
    written.row({{"a", Cell::of_text(store.emplace_back(text))},
                 {"b", Cell::of_integer(number)},
                 {"c", Cell::of_null()},
                 {"d", Cell::of_slice(Type::Address, std::string_view("\xc0\x00\x02\x07", 4))}});
    row["b"] = std::to_string(number);
    row["d"] = "192.0.2.7";
    wanted.push_back(row);
  }
  std::vector<CsvRecord> records = read_csv_records(written.encode(), ',');
  REQUIRE(records.size() == wanted.size());
  Rig read(Kind::Filter, "parse_csv", {{"keys", "a, b, c, d"}});
  for (const CsvRecord& record : records) {
    read.row("message", record.text);
  }
  REQUIRE(read.run().faults().empty());
  for (size_t i = 0; i < wanted.size(); i++) {
    INFO("row " << i << ": " << records[i].text);
    for (const auto& [name, text] : wanted[i]) {
      REQUIRE(read.cell(name, i) != nullptr);
      REQUIRE(read.cell(name, i)->type == Type::Text);
      REQUIRE(read.cell(name, i)->bytes() == text);
    }
    REQUIRE(read.cell("c", i) == nullptr);
  }
}

// A pattern puts quotes around values, not into them: texts with quotes or backslashes have no place in it. An absent
// value is what the pattern says, here an empty text. Any other byte comes back.
TEST_CASE("what a pattern of key=\"value\" writes, parse_kv reads as the same texts, whatever their bytes") {
  unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  Dice dice(seed);
  for (int round = 0; round < 20; round++) {
    std::deque<std::string> store;
    Rig written(Kind::Codec, "pattern", {{"pattern", "a=\"$a\" b=$b c='$c' d=\"${d:-none}\"\\n"}});
    for (int i = 0; i < 200; i++) {
      std::string& bytes = store.emplace_back();
      for (size_t n = dice.below(60); n > 0; n--) {
        char byte = static_cast<char>(dice.once_in(3) ? dice.any() : 'a' + dice.any() % 26);
        bytes += byte == '"' || byte == '\\' ? ' ' : byte;
      }
      std::vector<std::pair<std::string, Cell>> cells = {{"a", Cell::of_text(bytes)},
                                                         {"b", Cell::of_integer(dice.integer())},
                                                         {"c", Cell::of_text(store.emplace_back(dice.word()))}};
      if (dice.once_in(2)) {
        cells.emplace_back("d", Cell::of_text(store.emplace_back(dice.word())));
      }
      written.row(cells);
    }
    std::string lines = written.encode();
    Rig read(Kind::Filter, "parse_kv", {{"types", "auto"}});
    size_t at = 0;
    for (size_t end = lines.find('\n'); end != std::string::npos; end = lines.find('\n', at)) {
      read.row("message", std::string_view(lines).substr(at, end - at));
      at = end + 1;
    }
    REQUIRE(at == lines.size());
    REQUIRE(read.selected().size() == 200);
    REQUIRE(read.run().faults().empty());
    for (size_t i = 0; i < 200; i++) {
      INFO("row " << i << ": " << read.show(i));
      for (const char* name : {"a", "b", "c"}) {
        REQUIRE(same(read.cell(name, i), written.cell(name, i)));
      }
      const Cell* d = written.cell("d", i);
      REQUIRE(read.cell("d", i)->bytes() == (d == nullptr ? "none" : d->bytes()));
    }
  }
}
