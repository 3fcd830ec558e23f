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
  Rig rig(Kind::Filter, "grok", options);
  rig.row("message", text).run();
  return rig.show(0);
}

std::string refusal(const Options& options) {
  try {
    Rig rig(Kind::Filter, "grok", options);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no refusal";
}

}  // namespace

TEST_CASE("parts with names become keys of their types") {
  CHECK(parsed({{"match", "%{IP:client} %{WORD:verb} %{NUMBER:bytes:int} %{NUMBER:took:float} (?<rest>.*)"}},
               "55.3.244.1 GET 15824 0.5 of it") ==
        R"(client="55.3.244.1"(text) verb="GET"(text) bytes=15824(integer) took=0.5(real) rest="of it"(text))");
  CHECK(parsed({{"match", "%{IP:[source][ip]} %{WORD:is_new:boolean}"}}, "::1 true") ==
        R"(source.ip="::1"(text) is_new=true(boolean))");
}

TEST_CASE("a line of an access log is taken apart by its name") {
  CHECK(
      parsed({{"match", "%{COMBINEDAPACHELOG}"}},
             R"(192.0.2.17 - frank [21/Nov/2026:03:38:00 +0000] "GET /a HTTP/1.1" 200 - "-" "curl/8.5")") ==
      R"(clientip="192.0.2.17"(text) ident="-"(text) auth="frank"(text) timestamp="21/Nov/2026:03:38:00 +0000"(text) )"
      R"(verb="GET"(text) request="/a"(text) httpversion="1.1"(text) response=200(integer) )"
      R"(referrer=""-""(text) agent=""curl/8.5""(text))");
}

TEST_CASE("of parts with one key the first that took part has it") {
  Options options = {{"match", "(?:a=%{INT:n:int}|b=%{INT:n:int})"}};
  CHECK(parsed(options, "b=7") == "n=7(integer)");
  CHECK(parsed(options, "a=5") == "n=5(integer)");
}

TEST_CASE("a text that no pattern is found in stays and says why") {
  Rig rig(Kind::Filter, "grok", {{"match", "%{NOTSPACE:n:int}!"}});
  rig.row("message", "hello").row("message", "a!").row("message", "7!").row({}).run();
  CHECK(rig.faults() == std::vector<int>{0, 1, 3});
  CHECK(rig.cell("parse_error", 0)->bytes() == "no match");
  CHECK(rig.cell("parse_error", 1)->bytes() == "no integer in n");
  CHECK(rig.cell("message", 1)->bytes() == "a!");
  CHECK(rig.show(2) == "n=7(integer)");
  CHECK(rig.cell("parse_error", 3)->bytes() == "no match: the row has no text");
}

TEST_CASE("own patterns come before the library's") {
  CHECK(parsed({{"match", "%{ORDER:id}"}, {"define", "ORDER [A-Z]{2}\\d+, %{INT}"}}, "x AB12, 4") ==
        R"(id="AB12, 4"(text))");
  CHECK(parsed({{"match", "%{WORD:w}"}, {"define", "WORD b+"}}, "aabbcc") == R"(w="bb"(text))");
}

TEST_CASE("what is wrong with a pattern is said") {
  CHECK(refusal({{"match", "%{NUMBR:n}"}}) == "match: there is no pattern 'NUMBR'; did you mean 'NUMBER'?");
  CHECK(refusal({{"match", "%{QQQQ:n}"}}) == "match: there is no pattern 'QQQQ'; define = NAME pattern makes one");
  CHECK(refusal({{"match", "%{A:x}"}, {"define", "A a%{A}"}}) == "match: the pattern 'A' refers to itself: A → A");
  CHECK(refusal({{"match", "%{INT:x:big}"}}) ==
        "match: 'big' is no type of a field; it takes int, float, string, unsigned or boolean");
  CHECK(refusal({{"match", "%{INT:x:int} %{INT:x}"}}) ==
        "match: 'x' is integer in one place and text in another; a key has one type");
  CHECK(refusal({{"match", "%{INT}"}}) == "match: it makes no key; write %{NAME:key} for what is to be one");
  CHECK(refusal({{"match", ""}}) == "match: there is no pattern; %{COMBINEDAPACHELOG} is one");
  CHECK(refusal({{"match", "%{INT:x}("}}).rfind("match: ", 0) == 0);
  CHECK(refusal({{"match", "%{INT:x}"}, {"define", "A"}}) == "define: 'A' has no pattern; it is written NAME pattern");
  CHECK(refusal({{"match", "%{INT:x}"}, {"patterns", "/nowhere/at/all"}}) ==
        "patterns: /nowhere/at/all cannot be read: No such file or directory");
}
