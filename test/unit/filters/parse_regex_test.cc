// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "test/unit/kit.hh"

using namespace stook;
using stook::test::Options;
using stook::test::Rig;

namespace {

std::string parsed(const Options& options, std::string_view text) {
  Rig rig(Kind::Filter, "parse_regex", options);
  rig.row("message", text).run();
  return rig.show(0);
}

std::string refusal(const Options& options) {
  try {
    Rig rig(Kind::Filter, "parse_regex", options);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no refusal";
}

}  // namespace

TEST_CASE("named groups become keys of their types") {
  Options options = {{"regex", R"(^(?<who>\w+) (came|left) after (?<stay>-?\d+) (?<ratio>\S+) (?<late>\w+)$)"},
                     {"types", "stay:integer, ratio : real, late:boolean"}};
  CHECK(parsed(options, "anna left after 12 0.5 true") ==
        R"(who="anna"(text) stay=12(integer) ratio=0.5(real) late=true(boolean))");
  CHECK(parsed(options, "anna left after -9223372036854775808 1e3 false") ==
        R"(who="anna"(text) stay=-9223372036854775808(integer) ratio=1000(real) late=false(boolean))");
}

TEST_CASE("groups that took no part are absent, and so is a dash where a number is due") {
  Options options = {{"regex", R"(^(?:-|(?<user>\w+)) (?<size>\S*)$)"}, {"types", "size:unsigned"}};
  CHECK(parsed(options, "- 5") == "size=5(unsigned)");
  CHECK(parsed(options, "bob -") == R"(user="bob"(text))");
  CHECK(parsed(options, "bob ") == R"(user="bob"(text))");
}

TEST_CASE("a text that does not match stays and says why") {
  Options options = {{"regex", R"((?<n>\w+)!)"}, {"types", "n:integer"}};
  Rig rig(Kind::Filter, "parse_regex", options);
  rig.row("message", "hello").row("message", "a 7!").row("message", "7 a!").row({});
  rig.row("message", "99999999999999999999!").run();
  CHECK(rig.faults() == std::vector<int>{0, 2, 3, 4});
  CHECK(rig.cell("parse_error", 0)->bytes() == "no match");
  CHECK(rig.cell("parse_error", 2)->bytes() == "no integer in group n");
  CHECK(rig.cell("parse_error", 3)->bytes() == "no match: the row has no text");
  CHECK(rig.cell("parse_error", 4)->bytes() == "no integer in group n");
  CHECK(rig.cell("message", 2)->bytes() == "7 a!");
  CHECK(rig.cell("n", 2) == nullptr);
  CHECK(rig.show(1) == "n=7(integer)");
}

TEST_CASE("a search without end is given up") {
  Rig rig(Kind::Filter, "parse_regex", {{"regex", "^(?<x>(a+)+)$"}, {"match_limit", "10000"}});
  rig.row("message", std::string(60, 'a') + "!").row("message", "aaa").run();
  CHECK(rig.faults() == std::vector<int>{0});
  CHECK(rig.cell("parse_error", 0)->bytes() == "match limit");
  CHECK(rig.cell("x", 1)->bytes() == "aaa");
}

TEST_CASE("bytes that are no UTF-8 match, and values are slices of the text") {
  Rig rig(Kind::Filter, "parse_regex", {{"regex", "=(?<v>.*)"}, {"keep_text", "yes"}});
  rig.row("message", std::string_view("k=\xff\0z", 5)).run();
  CHECK(rig.cell("v")->bytes() == std::string_view("\xff\0z", 3));
  CHECK(rig.cell("v")->data == rig.cell("message")->data + 2);
}

TEST_CASE("a group may bear the name of the text") {
  CHECK(parsed({{"regex", "^<[0-9]+>(?<message>.*)"}}, "<13>hello") == R"(message="hello"(text))");
  CHECK(parsed({{"regex", "^(?:<(?<message>.*)>|nothing)"}}, "nothing").empty());
}

TEST_CASE("groups are planned keys") {
  Rig rig(Kind::Filter, "parse_regex", {{"regex", "(?<b>.)(?<a>.)"}, {"types", "a:integer"}});
  REQUIRE(rig.wiring().writes.size() == 3);
  CHECK(rig.wiring().writes[1].name == "b");
  CHECK(rig.wiring().writes[2].name == "a");
  CHECK(rig.wiring().writes[2].type == Type::Integer);
  CHECK_FALSE(rig.wiring().opens);
}

TEST_CASE("options that do not fit are refused in a sentence") {
  CHECK(refusal({{"regex", "(?<a>x"}}) == "not a regular expression: missing closing parenthesis (at character 7)");
  CHECK(refusal({{"regex", "(*UTF)(?<a>x)"}}).substr(0, 25) == "not a regular expression:");
  CHECK(refusal({{"regex", "(x)"}}) ==
        "regex: the expression has no named group; write (?<name>…) around what is to be a key");
  CHECK(refusal({{"regex", "(?<status>x)"}, {"types", "statsu:integer"}}) ==
        "types: the expression has no group statsu; did you mean status?");
  CHECK(refusal({{"regex", "(?<a>x)"}, {"types", "a"}}) ==
        "types: a has no type; write name:type, as in status:integer");
  CHECK(refusal({{"regex", "(?<a>x)"}, {"types", "a:int"}}) ==
        "types: int is no type of a group; it takes text, bytes, integer, unsigned, real or boolean");
}
