// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "core/data/object.hh"
#include "test/unit/kit.hh"

using namespace stook;
using stook::test::Options;
using stook::test::Rig;

namespace {

/// What one text becomes.
std::string parsed(std::string_view text, const Options& options = {}) {
  Rig rig(Kind::Filter, "parse_json", options);
  rig.row("message", text).run();
  return rig.show(0);
}

bool is_refused(const std::string& text, std::string_view reason) {
  Rig rig(Kind::Filter, "parse_json");
  rig.row("message", text).run();
  CAPTURE(rig.show(0));
  return rig.faults() == std::vector<int>{0} && rig.cell("message") != nullptr &&
         rig.cell("message")->bytes() == text && rig.cell("parse_error")->bytes() == reason;
}

/// An object as text that shows each item: maps `{k:v}`, arrays `[v]`.
std::string shown(ObjectReader& reader) {
  Cell cell{};
  uint32_t size = 0;
  Item item = reader.next(cell, size);
  std::string text;
  if (item == Item::Map || item == Item::Array) {
    for (uint32_t i = 0; i < size; i++) {
      text += i == 0 ? "" : ",";
      text += item == Item::Map ? shown(reader) + ":" : "";
      text += shown(reader);
    }
    return item == Item::Map ? "{" + text + "}" : "[" + text + "]";
  }
  REQUIRE(item == Item::Value);
  switch (cell.type) {
    case Type::Text:
      return cell.is_number ? "#" + std::string(cell.bytes()) : std::string(cell.bytes());
    case Type::Integer:
      return std::to_string(cell.integer);
    case Type::Unsigned:
      return std::to_string(cell.bits) + "u";
    case Type::Real:
      return std::to_string(cell.real);
    case Type::Boolean:
      return cell.is_truth() ? "true" : "false";
    default:
      return "null";
  }
}

std::string shown(const Cell* cell) {
  REQUIRE(cell != nullptr);
  REQUIRE(cell->type == Type::Object);
  REQUIRE(is_object(cell->bytes()));
  ObjectReader reader(cell->bytes());
  std::string text = shown(reader);
  REQUIRE(reader.left() == 0);
  return text;
}

std::string repeated(std::string_view piece, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; i++) {
    text += piece;
  }
  return text;
}

}  // namespace

TEST_CASE("each member becomes a key of its own type and the text goes") {
  CHECK(parsed(R"( {"a":1, "b":"x y","c":true,"d":false,"e":null,"f":1.5,"g":-7} )") ==
        R"(a=1(integer) b="x y"(text) c=true(boolean) d=false(boolean) e=null(null) f=1.5(real) g=-7(integer))");
  CHECK(parsed("{}").empty());
  CHECK(parsed(R"({"a":1})", {{"keep_text", "yes"}}) == R"(message="{"a":1}"(text) a=1(integer))");
  CHECK(parsed(R"({"message":"m"})") == R"(message="m"(text))");
  CHECK(parsed(R"({"a":1,"b":2})", {{"prefix", "x."}}) == "x.a=1(integer) x.b=2(integer)");
}

TEST_CASE("numbers are exact to the last of 64 bits, and beyond keep their digits") {
  CHECK(parsed(R"({"a":9223372036854775807})") == "a=9223372036854775807(integer)");
  CHECK(parsed(R"({"a":-9223372036854775808})") == "a=-9223372036854775808(integer)");
  CHECK(parsed(R"({"a":9223372036854775808})") == "a=9223372036854775808(unsigned)");
  CHECK(parsed(R"({"a":18446744073709551615})") == "a=18446744073709551615(unsigned)");
  for (std::string text : {"18446744073709551616", "-9223372036854775809", "1e999", "-1e999", "1e-999",
                           "123456789012345678901234567890"}) {
    Rig rig(Kind::Filter, "parse_json");
    rig.row("message", "{\"a\":" + text + "}").run();
    CHECK(rig.cell("a")->type == Type::Text);
    CHECK(rig.cell("a")->is_number);
    CHECK(rig.cell("a")->bytes() == text);
  }
  CHECK(parsed(R"({"a":0,"b":-0,"c":1e2,"d":1.0,"e":18446744073709551616.0})") ==
        "a=0(integer) b=-0(real) c=100(real) d=1(real) e=1.8446744073709552e+19(real)");
}

TEST_CASE("random doubles and integers read as strtod and strtoll read them") {
  uint64_t seed = Catch::rngSeed() + 3;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  Rig rig(Kind::Filter, "parse_json");
  for (int i = 0; i < 20000; i++) {
    char text[80];
    auto mantissa = static_cast<int64_t>(random() >> (random() % 64));
    int kind = static_cast<int>(random() % 3);
    if (kind == 0) {
      std::snprintf(text, sizeof text, "%lld", static_cast<long long>(mantissa));
    } else if (kind == 1) {
      std::snprintf(text, sizeof text, "%lld.%llu", static_cast<long long>(mantissa % 100000),
                    static_cast<unsigned long long>(random() >> (random() % 64)));
    } else {
      std::snprintf(text, sizeof text, "%.17ge%d", static_cast<double>(mantissa) / 1e18,
                    static_cast<int>(random() % 500) - 250);
      if (std::string(text).find('e') != std::string(text).rfind('e')) {
        continue;
      }
    }
    rig.clear();
    rig.row("message", std::string("{\"a\":") + text + "}").run();
    CAPTURE(text);
    const Cell* cell = rig.cell("a");
    REQUIRE(cell != nullptr);
    if (cell->type == Type::Integer) {
      REQUIRE(cell->integer == std::strtoll(text, nullptr, 10));
    } else {
      REQUIRE(cell->type == Type::Real);
      REQUIRE(cell->real == std::strtod(text, nullptr));
    }
  }
}

TEST_CASE("escapes are undone, lone surrogates are U+FFFD and NUL is a character") {
  Rig rig(Kind::Filter, "parse_json");
  rig.row("message",
          R"({"a":"\"\\\/\b\f\n\r\t","b\u0041":"\u00e4\u20ac\ud83d\ude00","c":"\ud800x\udc00","d\u0000e":"\u0000"})");
  rig.run();
  CHECK(rig.cell("a")->bytes() == "\"\\/\b\f\n\r\t");
  CHECK(rig.cell("bA")->bytes() == "\u00e4\u20ac\U0001F600");
  CHECK(rig.cell("c")->bytes() == "\uFFFDx\uFFFD");
  CHECK(rig.cell(std::string_view("d\0e", 3))->bytes() == std::string_view("\0", 1));
}

TEST_CASE("a text without escapes is a slice of the row's text") {
  Rig rig(Kind::Filter, "parse_json", {{"keep_text", "yes"}});
  rig.row("message", R"({"a":"hello"})").run();
  const char* text = rig.cell("message")->data;
  CHECK(rig.cell("a")->data == text + 6);
}

TEST_CASE("nested values are objects, in order and with their duplicates") {
  Rig rig(Kind::Filter, "parse_json");
  rig.row(
      "message",
      R"({"o":{"b":1,"a":[1,-0.5,"x",null,true,{}],"b":2},"e":[],"f":{},"n":[18446744073709551615,99999999999999999999,"\u00e4"]})");
  rig.run();
  CHECK(shown(rig.cell("o")) == "{b:1,a:[1,-0.500000,x,null,true,{}],b:2}");
  CHECK(shown(rig.cell("e")) == "[]");
  CHECK(shown(rig.cell("f")) == "{}");
  CHECK(shown(rig.cell("n")) == "[18446744073709551615u,#99999999999999999999,\u00e4]");
}

TEST_CASE("the worst growth of a nested text fits") {
  Rig rig(Kind::Filter, "parse_json");
  rig.row("message", "{\"a\":[" + repeated("-0,", 5000) + "-0]}").run();
  CHECK(rig.cell("a")->size == 5 + 9 * 5001);
  rig.clear();
  rig.row("message", "{\"a\":[" + repeated("[],", 5000) + "[]]}").run();
  CHECK(rig.cell("a")->size == 5 + 5 * 5001);
}

TEST_CASE("into puts the whole object under one key") {
  Rig rig(Kind::Filter, "parse_json", {{"into", "doc"}});
  rig.row("message", R"({"a":{"b":1}})").row("message", "[1]").run();
  CHECK(shown(rig.cell("doc")) == "{a:{b:1}}");
  CHECK(rig.faults() == std::vector<int>{1});
}

TEST_CASE("what is no JSON object keeps its text and says why") {
  CHECK(is_refused("", "not JSON: nothing but blanks"));
  CHECK(is_refused("  \n", "not JSON: nothing but blanks"));
  CHECK(is_refused("[1]", "not a JSON object"));
  CHECK(is_refused("7", "not a JSON object"));
  CHECK(is_refused("hello", "not a JSON object"));
  CHECK(is_refused(R"({"a":1} x)", "not JSON: something behind the object"));
  CHECK(is_refused(R"({"a":1}})", "not JSON: something behind the object"));
  CHECK(is_refused(R"({"a":1)", "not JSON: no comma or brace behind a member"));
  CHECK(is_refused(R"({"a":[1)", "not JSON: no comma or bracket behind a value"));
  CHECK(is_refused(R"({"a":)", "not JSON: ends too early"));
  CHECK(is_refused(R"({"a":[1,)", "not JSON: ends too early"));
  CHECK(is_refused(R"({"a")", "not JSON: no colon behind a key"));
  CHECK(is_refused("{", "not JSON: no key where one must stand"));
  CHECK(is_refused(R"({"a":1,})", "not JSON: no key where one must stand"));
  CHECK(is_refused(R"({1:2})", "not JSON: no key where one must stand"));
  CHECK(is_refused(R"({"a":[1,]})", "not JSON: a value that is no string, number, true, false or null"));
  CHECK(is_refused(R"({"a":nul})", "not JSON: a value that is no string, number, true, false or null"));
  CHECK(is_refused(R"({"a":NaN})", "not JSON: a value that is no string, number, true, false or null"));
  CHECK(is_refused(R"({"a":"b"c})", "not JSON: no comma or brace behind a member"));
  CHECK(is_refused(R"({"a":"\x"})", "not JSON: a broken escape in a string"));
  CHECK(is_refused(R"({"a":"\u12g4"})", "not JSON: a broken escape in a string"));
  CHECK(is_refused(R"({"a":["\u12"]})", "not JSON: a broken escape in a string"));
  CHECK(is_refused("{\"a\":\"\x01\"}", "not JSON: a control character in a string"));
  CHECK(is_refused("{\"a\":\"b", "not JSON: a string without its closing quote"));
  CHECK(is_refused("{\"a\":\"\xff\"}", "not JSON: invalid UTF-8"));
  for (std::string number : {"01", "-", "1.", ".5", "1e", "1e+", "+1", "0x1", "1.5.5", "--1", "1_0"}) {
    Rig rig(Kind::Filter, "parse_json");
    rig.row("message", "{\"a\":" + number + "}").run();
    CAPTURE(number);
    CHECK(rig.faults() == std::vector<int>{0});
  }
}

TEST_CASE("a row that fails leaves no half of its members") {
  Rig rig(Kind::Filter, "parse_json");
  rig.row("message", R"({"a":1,"b":2,"c":})").run();
  CHECK(rig.cell("a") == nullptr);
  CHECK(rig.cell("b") == nullptr);
}

TEST_CASE("limits on depth, keys and digits end in parse_error") {
  CHECK(is_refused("{\"a\":" + repeated("[", 64) + repeated("]", 64) + "}", "not JSON: more than 64 levels"));
  CHECK(is_refused("{\"a\":" + repeated("[", 100000), "not JSON: more than 64 levels"));
  CHECK(is_refused("{\"a\":" + repeated("{\"a\":", 100000), "not JSON: more than 64 levels"));
  Rig rig(Kind::Filter, "parse_json");
  rig.row("message", "{\"a\":" + repeated("[", 63) + repeated("]", 63) + "}").run();
  CHECK(is_object(rig.cell("a")->bytes()));
  Rig into(Kind::Filter, "parse_json", {{"into", "a"}});
  into.row("message", "{\"a\":" + repeated("[", 63) + repeated("]", 63) + "}").run();
  CHECK(is_object(into.cell("a")->bytes()));

  CHECK(is_refused("{\"a\":" + repeated("7", 5000) + "}", "not JSON: a number of more than 4096 digits"));
  CHECK(is_refused("{\"a\":0." + repeated("7", 5000) + "}", "not JSON: a number of more than 4096 digits"));
  rig.clear();
  rig.row("message", "{\"a\":" + repeated("7", 4096) + "}").run();
  CHECK(rig.cell("a")->size == 4096);

  std::string members = repeated(R"("k":1,)", 4096);
  CHECK(is_refused("{" + members + "\"k\":1}", "not JSON: more than 4096 keys"));
  CHECK(is_refused("{\"o\":{" + members + "\"k\":1}}", "not JSON: more than 4096 keys"));
}

TEST_CASE("the last of several equal keys wins and a flag counts the others") {
  Rig rig(Kind::Filter, "parse_json");
  rig.row("message", R"({"a":1,"b":2,"a":"x","a":null})").row("message", R"({"a":1})").run();
  CHECK(rig.cell("a", 0)->type == Type::Null);
  CHECK(rig.cell("duplicate_keys", 0)->integer == 2);
  CHECK(rig.cell("duplicate_keys", 1) == nullptr);
}

TEST_CASE("members without a key go into rest, in order, and what is past 1024 is counted") {
  Rig rig(Kind::Filter, "parse_json");
  std::string text = "{\"rest\":\"mine\"";
  for (int i = 0; i < 1100; i++) {
    text += ",\"k" + std::to_string(i) + "\":" + std::to_string(i);
  }
  rig.row("message", text + "}").run();
  CHECK(rig.faults().empty());
  CHECK(rig.cell("k0")->integer == 0);
  CHECK(rig.cell("k255")->integer == 255);
  CHECK(rig.cell("k256") == nullptr);
  std::string rest = shown(rig.cell("rest"));
  CHECK(rest.substr(0, 20) == "{k256:256,k257:257,k");
  CHECK(rest.substr(rest.size() - 22) == ",k1022:1022,rest:mine}");
  CHECK(rig.meter().keys_lost.read() == 77);
}

TEST_CASE("a name of more than 255 bytes goes into rest") {
  Rig rig(Kind::Filter, "parse_json");
  rig.row("message", "{\"" + std::string(256, 'x') + "\":1,\"" + std::string(255, 'y') + "\":2}").run();
  CHECK(rig.cell(std::string(255, 'y'))->integer == 2);
  CHECK(shown(rig.cell("rest")) == "{" + std::string(256, 'x') + ":1}");
}

TEST_CASE("keys that change their places and names from row to row are told apart") {
  Rig rig(Kind::Filter, "parse_json");
  rig.row("message", R"({"a":1,"b":2,"c":3})")
      .row("message", R"({"b":4,"a":5})")
      .row("message", R"({"":6,"a":7,"b":8,"c":9})");
  rig.row("message", R"({"a\\":1})").row("message", R"({"a\u005c":2})").run();
  CHECK(rig.show_all() ==
        "a=1(integer) b=2(integer) c=3(integer)\na=5(integer) b=4(integer)\n"
        "a=7(integer) b=8(integer) c=9(integer) =6(integer)\na\\=1(integer)\na\\=2(integer)\n");
}

TEST_CASE("a row without text fails and its neighbours do not") {
  Rig rig(Kind::Filter, "parse_json");
  rig.row({{"message", Cell::of_integer(1)}}).row({}).row("message", R"({"a":1})").run();
  CHECK(rig.faults() == std::vector<int>{0, 1});
  CHECK(rig.cell("a", 2)->integer == 1);
}

TEST_CASE("a random text of JSON's characters never reads beyond its end") {
  uint64_t seed = Catch::rngSeed() + 4;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  constexpr std::string_view pieces[] = {"{",         "}", "[",      "]",    ",", ":",  "\"a\"",
                                         "\"\\u00\"", "1", "-0.5e3", "true", " ", "\"", "\\"};
  Rig rig(Kind::Filter, "parse_json");
  for (int i = 0; i < 20000; i++) {
    std::string text = "{\"a\":";
    for (size_t count = random() % 40; count > 0; count--) {
      text += pieces[random() % std::size(pieces)];
    }
    rig.clear();
    rig.row({{"message", Cell::of_text(text)}}).run();
    REQUIRE((rig.faults().size() == 1) == (rig.cell("parse_error") != nullptr));
  }
}
