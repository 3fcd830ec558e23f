// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <random>

#include "test/unit/kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
std::string parse(std::string_view text, const Options& options) {
  Rig rig(Kind::Filter, "parse_csv", options);
  return rig.row("message", text).run().show();
}

std::string refusal(std::string_view text, const Options& options) {
  Rig rig(Kind::Filter, "parse_csv", options);
  rig.row("message", text).run();
  CHECK(rig.faults() == std::vector<int>{0});
  REQUIRE(rig.cell("message") != nullptr);
  CHECK(rig.cell("a") == nullptr);
  return std::string(rig.cell("parse_error")->bytes());
}

const Options ab = {{"keys", "a, b"}};
}  // namespace

TEST_CASE("cells become the keys of their columns") {
  CHECK(parse("1,x y", ab) == "a=\"1\"(text) b=\"x y\"(text)");
  CHECK(parse("1,x\r", ab) == "a=\"1\"(text) b=\"x\"(text)");
  CHECK(parse(R"("O""Neil, Ann",41,x,)", {{"keys", "name, age:integer, , city"}}) ==
        "name=\"O\"Neil, Ann\"(text) age=41(integer)");
}

TEST_CASE("an empty cell is absent, empty quotes are an empty text") {
  CHECK(parse(R"(,"")", ab) == "b=\"\"(text)");
  CHECK(parse("", {{"keys", "a"}}) == "");
  CHECK(parse(R"("""")", {{"keys", "a"}}) == "a=\"\"\"(text)");
}

TEST_CASE("cells get the types that are asked for and no others") {
  CHECK(parse("-1,18446744073709551615,1.5,true,2026-11-21T03:38:00Z,007",
              {{"keys", "a:integer, b:unsigned, c:real, d:boolean, e:time, f"}}) ==
        "a=-1(integer) b=18446744073709551615(unsigned) c=1.5(real) d=true(boolean) e=1795232280000000000(time) "
        "f=\"007\"(text)");
}

TEST_CASE("delimiter and quote are options") {
  CHECK(parse("1\t'x\ty'", {{"keys", "a, b"}, {"delimiter", "tab"}, {"quote", "'"}}) ==
        "a=\"1\"(text) b=\"x\\ty\"(text)");
  CHECK(parse("\"1;2", {{"keys", "a, b"}, {"delimiter", ";"}, {"quote", "none"}}) == "a=\"\"1\"(text) b=\"2\"(text)");
  CHECK_THROWS_WITH(parse("", {{"keys", "a"}, {"delimiter", "ab"}}), Catch::Contains("delimiter: \"ab\" is not one"));
  CHECK_THROWS_WITH(parse("", {{"keys", "a"}, {"quote", ","}}), Catch::Contains("quote: \",\" is not one"));
  CHECK_THROWS_WITH(parse("", {{"keys", "a:colour"}}), Catch::Contains("keys: \"a:colour\" has no type of a cell"));
  CHECK_THROWS_WITH(parse("", {{"keys", ""}}), Catch::Contains("keys: there must be at least one"));
}

TEST_CASE("a header is dropped wherever it comes") {
  Rig rig(Kind::Filter, "parse_csv", {{"keys", "a, b:integer"}, {"header", "yes"}});
  rig.row("message", "a,b").row("message", "x,1").row("message", "\"a\",\"b\"").row("message", "y,z");
  rig.row("message",
          "\xEF\xBB\xBF"
          "a,b\r")
      .run();
  CHECK(rig.selected() == std::vector<int>{1, 3});
  CHECK(rig.faults() == std::vector<int>{3});
  CHECK(rig.meter().disposed.read() == 3);
  CHECK_THROWS_WITH(parse("", {{"keys", "a,,b"}, {"header", "yes"}}), Catch::Contains("header: a header is known"));
}

TEST_CASE("a row that is none keeps its text and says why") {
  CHECK(refusal("1", ab) == "not a CSV row: too few columns");
  CHECK(refusal("", ab) == "not a CSV row: too few columns");
  CHECK(refusal("1,2,3", ab) == "not a CSV row: too many columns");
  CHECK(refusal("1,2,", ab) == "not a CSV row: too many columns");
  CHECK(refusal("\"1,2", ab) == "not a CSV row: no closing quote");
  CHECK(refusal("\"1\"x,2", ab) == "not a CSV row: text follows a closing quote");
  CHECK(refusal("1,x", {{"keys", "a, b:integer"}}) == "not a CSV row: `b` is not of type integer");
  CHECK(refusal("1,-1", {{"keys", "a, b:unsigned"}}) == "not a CSV row: `b` is not of type unsigned");
}

TEST_CASE("random cells come back as they were written") {
  uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Rig rig(Kind::Filter, "parse_csv", {{"keys", "k0, k1, k2"}});
  for (int i = 0; i < 5000; i++) {
    std::string cells[3];
    std::string text;
    for (std::string& cell : cells) {
      for (size_t size = random() % 20; size > 0; size--) {
        cell += std::string_view("ab,\"\r \0\xff", 8)[random() % 8];
      }
      text += text.empty() && &cell == cells ? "\"" : ",\"";
      for (char c : cell) {
        text += c == '"' ? "\"\"" : std::string(1, c);
      }
      text += '"';
    }
    std::vector<char> block(text.begin(), text.end());
    rig.clear();
    rig.row({{"message", Cell::of_text({block.data(), block.size()})}}).run();
    for (int k = 0; k < 3; k++) {
      REQUIRE(rig.cell("k" + std::to_string(k)) != nullptr);
      REQUIRE(rig.cell("k" + std::to_string(k))->bytes() == cells[k]);
    }
    text = text.substr(random() % text.size());
    block.assign(text.begin(), text.end());
    rig.clear();
    rig.row({{"message", Cell::of_text({block.data(), block.size()})}}).run();
    REQUIRE(rig.faults().empty() == (rig.cell("parse_error") == nullptr));
  }
}
