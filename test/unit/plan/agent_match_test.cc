// SPDX-License-Identifier: Apache-2.0
#include "core/plan/agent_match.hh"

#include <catch2/catch.hpp>

using namespace stook;

TEST_CASE("a pattern of Lua becomes the pattern of names that matches the same") {
  struct Row {
    const char* match;
    const char* glob;
  };
  for (const Row& row : {Row{"^app.*%.log", "app*.log*"}, Row{"^app.*%.log$", "app*.log"}, Row{"log", "*log*"},
                         Row{"^a.b$", "a?b"}, Row{"^[^x]%d%a.+$", "[!x][0-9][A-Za-z]?*"}, Row{"^a%*b%%$", "a[*]b%"},
                         Row{"^%w.-$", "[A-Za-z0-9]*"}, Row{"", "*"}, Row{"^$", ""}, Row{"100%$", "*100$*"}}) {
    std::string glob;
    std::string why;
    CAPTURE(row.match);
    CHECK(glob_of_match(row.match, glob, why));
    CHECK(glob == row.glob);
  }
}

TEST_CASE("what no pattern of names says is refused") {
  for (const char* match : {"a*", "%d+", "(a)", "[%d]x", "x?", "%bxy", "[a", "%"}) {
    std::string glob;
    std::string why;
    CAPTURE(match);
    CHECK_FALSE(glob_of_match(match, glob, why));
    CHECK(why.find("cannot be looked for; it takes") != std::string::npos);
  }
}
