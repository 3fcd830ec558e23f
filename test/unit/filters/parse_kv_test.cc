// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <random>

#include "test/unit/kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
std::string parse(std::string_view text, const Options& options = {}) {
  Rig rig(Kind::Filter, "parse_kv", options);
  return rig.row("message", text).run().show();
}

std::string refusal(std::string_view text, const Options& options = {}) {
  Rig rig(Kind::Filter, "parse_kv", options);
  rig.row("message", text).run();
  CHECK(rig.faults() == std::vector<int>{0});
  REQUIRE(rig.cell("message") != nullptr);
  CHECK(rig.cell("message")->bytes() == text);
  REQUIRE(rig.cell("parse_error") != nullptr);
  return std::string(rig.cell("parse_error")->bytes());
}
}  // namespace

TEST_CASE("pairs become keys, their text goes") {
  CHECK(parse("level=info status=200 empty= took=12ms") ==
        "level=\"info\"(text) status=\"200\"(text) empty=\"\"(text) took=\"12ms\"(text)");
  CHECK(parse("  a=1 \t  b=2  ") == "a=\"1\"(text) b=\"2\"(text)");
  CHECK(parse("a=b=c") == "a=\"b=c\"(text)");
}

TEST_CASE("values in quotes hold separators and escapes") {
  CHECK(parse(R"(msg="all \"well\" \\ caf\u00e9" b='a "b" \n' c="")") ==
        "msg=\"all \"well\" \\ caf\\xc3\\xa9\"(text) b=\"a \"b\" \\n\"(text) c=\"\"(text)");
  CHECK(parse(R"(a="x\ty")") == parse("a=\"x\ty\""));
}

TEST_CASE("a bare word is a key with true") {
  CHECK(parse("cached a=1") == "cached=true(boolean) a=\"1\"(text)");
}

TEST_CASE("types = auto makes numbers and truths of what looks like them") {
  CHECK(parse("a=1 b=-7 c=1.5 d=true e=false f=007 g=+1 h=0x1 i=18446744073709551615 j=1e3 k=\"12\" l=nan m=0 n=-",
              {{"types", "auto"}}) ==
        "a=1(integer) b=-7(integer) c=1.5(real) d=true(boolean) e=false(boolean) f=\"007\"(text) g=\"+1\"(text) "
        "h=\"0x1\"(text) i=18446744073709551615(unsigned) j=1000(real) k=\"12\"(text) l=\"nan\"(text) m=0(integer) "
        "n=\"-\"(text)");
}

TEST_CASE("separators are options") {
  CHECK(parse("a:1;b:2;;c:x y", {{"pair", ";"}, {"between", ":"}}) == "a=\"1\"(text) b=\"2\"(text) c=\"x y\"(text)");
  CHECK(parse("a=1, b=2", {{"pair", ", "}}) == "a=\"1\"(text) b=\"2\"(text)");
  CHECK(parse("a=1", {{"prefix", "kv."}}) == "kv.a=\"1\"(text)");
  CHECK_THROWS_WITH(parse("", {{"pair", ""}}), Catch::Contains("pair: \"\" is not one or two characters"));
  CHECK_THROWS_WITH(parse("", {{"between", " "}}), Catch::Contains("between: \" \" is not one character"));
}

TEST_CASE("what has no pairs keeps its text and says why") {
  CHECK(refusal("") == "not key=value text: there is no pair");
  CHECK(refusal("just some words") == "not key=value text: there is no pair");
  CHECK(refusal("a=1 =2") == "not key=value text: a value without a key");
  CHECK(refusal("a=\"open") == "not key=value text: no closing quote");
  CHECK(refusal("a='open") == "not key=value text: no closing quote");
  CHECK(refusal("a=\"open\\\"") == "not key=value text: no closing quote");
  CHECK(refusal("a=\"x\"y") == "not key=value text: text follows a closing quote");
}

TEST_CASE("a pair may take the place of the text, and the last of equal keys wins") {
  CHECK(parse("message=hello a=1 a=2") == "message=\"hello\"(text) a=\"2\"(text)");
}

TEST_CASE("rows whose keys change places keep their own values") {
  Rig rig(Kind::Filter, "parse_kv");
  rig.row("message", "a=1 b=2 c=3").row("message", "b=4 a=5").row("message", "ab=6 b=7 c=8 d=9").row("message", "a=x");
  rig.run();
  CHECK(rig.show_all() ==
        "a=\"1\"(text) b=\"2\"(text) c=\"3\"(text)\na=\"5\"(text) b=\"4\"(text)\n"
        "b=\"7\"(text) c=\"8\"(text) ab=\"6\"(text) d=\"9\"(text)\na=\"x\"(text)\n");
}

TEST_CASE("pairs for which there is no key go into rest") {
  std::string text;
  for (int i = 0; i < 300; i++) {
    text += "k" + std::to_string(i) + "=" + std::to_string(i) + " ";
  }
  text += std::string(300, 'n') + "=long";
  Rig rig(Kind::Filter, "parse_kv");
  rig.row("message", text).run();
  CHECK(rig.faults().empty());
  CHECK(rig.cell("k0")->bytes() == "0");
  REQUIRE(rig.cell("rest") != nullptr);
  CHECK(rig.cell("rest")->type == Type::Object);
  CHECK(rig.cell("rest")->bytes().find("k299") != std::string_view::npos);
  CHECK(rig.cell("rest")->bytes().find("long") != std::string_view::npos);
  std::string many;
  for (int i = 0; i < 1100; i++) {
    many += "a=1 ";
  }
  rig.clear();
  rig.row("message", many).run();
  CHECK(rig.meter().keys_lost.read() == 76);
}

TEST_CASE("hostile key=value bytes are carried or refused, never read beyond") {
  std::string nul("a=x\0y b\xff=\xfe", 10);
  Rig rig(Kind::Filter, "parse_kv");
  rig.row("message", nul).run();
  CHECK(rig.cell("a")->bytes() == std::string_view("x\0y", 3));
  CHECK(rig.cell("b\xff")->bytes() == "\xfe");
  CHECK(parse("a=" + std::string(1 << 20, 'z')).size() > 4096);
  uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Rig fuzzed(Kind::Filter, "parse_kv", {{"types", "auto"}});
  for (int i = 0; i < 20000; i++) {
    std::string bytes;
    for (size_t size = random() % 40; size > 0; size--) {
      bytes += "ab=  \"'\\\t1."[random() % 11];
    }
    std::vector<char> block(bytes.begin(), bytes.end());
    fuzzed.clear();
    fuzzed.row({{"message", Cell::of_text({block.data(), block.size()})}}).run();
    REQUIRE(fuzzed.faults().empty() == (fuzzed.cell("parse_error") == nullptr));
  }
}
