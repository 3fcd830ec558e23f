// SPDX-License-Identifier: Apache-2.0
#include "test/unit/lua/library/library_kit.hh"

using namespace stook::test;

TEST_CASE("stook.regex finds, names and replaces") {
  CHECK(result_of(R"~(local re = stook.regex("(\\w+)=(\\d+)?") return re:match("a b=12"))~") == "\"b\", \"12\"");
  CHECK(result_of(R"~(local re = stook.regex("(\\w+)=(\\d+)?") return re:match("c="))~") == "\"c\", nil");
  CHECK(result_of(R"~(local re = stook.regex("b+") return re:find("abbc"))~") == "2, 3");
  CHECK(
      result_of(
          R"~(local re = stook.regex("b+") return re:match("abbc"), re:match("abbc", 4), re:match("abb", -1), re:match("b", 9))~") ==
      "\"bb\", nil, \"b\", nil");
  CHECK(result_of(R"~(return stook.regex("(?<key>\\w+)=(?<value>\\d+)?"):named("n="))~") == R"~({"key":"n"})~");
  CHECK(result_of(R"~(return stook.regex("HELLO", "i"):match("say hello"), stook.regex("^b", "m"):match("a\nb"))~") ==
        "\"hello\", \"b\"");
  CHECK(
      result_of(
          R"~(local t = {} for k, v in stook.regex("(\\w)=(\\w)"):gmatch("a=1 b=2") do t[#t+1] = k .. v end return t)~") ==
      R"~(["a1","b2"])~");
  CHECK(result_of(R"~(return stook.regex("(\\w+)@(\\w+)"):replace("ann@a bob@b", "%2 at %1%%"))~") ==
        R"~("a at ann% b at bob%", 2)~");
  CHECK(result_of(R"~(return stook.regex("\\d"):replace("1a2b3", function(d) return d ~= "2" and d * 2 end, 2))~") ==
        R"~("2a2b3", 2)~");
  CHECK(result_of(R"~(return stook.regex("[ab]"):replace("abc", { a = "x" }))~") == R"~("xbc", 2)~");
}

TEST_CASE("matches that are empty, at borders or behind others are those of string.gsub") {
  for (const char* pattern : {"a*", "", "a?", "b"}) {
    CAPTURE(pattern);
    std::string p = pattern;
    CHECK(result_of("local re = stook.regex('" + p +
                    "') for _, s in ipairs{'', 'a', 'baac', 'aab', 'bb'} do "
                    "local x, n = re:replace(s, '-') local y, m = s:gsub('" +
                    p +
                    "', '-') "
                    "if x ~= y or n ~= m then return s, x, y end end return true") == "true");
  }
  CHECK(result_of(R"~(return stook.regex("^a"):replace("aaa", "-"))~") == R"~("-aa", 1)~");
  CHECK(result_of(R"~(return stook.regex("\\ba"):replace("aa a", "-"))~") == R"~("-a -", 2)~");
  CHECK(result_of(R"~(return stook.regex("(?<=a)b"):find("ab", 2))~") == "2, 2");
}

TEST_CASE("stook.regex says what is wrong with a pattern") {
  CHECK(value_of("stook.regex('(')") ==
        "error: stook.regex: not a regular expression: missing closing parenthesis (at character 2)");
  CHECK(value_of("stook.regex('a', 'q')") == "error: stook.regex: argument 2 is 'q'; it would be some of i, m, s, x");
  CHECK(value_of("stook.regex('a'):replace('a', '%1')").rfind("error: regex:replace: '%' stands before no group", 0) ==
        0);
  CHECK(value_of("stook.regex('a'):replace('a', function() return {} end)") ==
        "error: regex:replace: a match would be replaced by a table; it would be a text");
  CHECK(value_of("stook.regex('a').match('a', 'b')").rfind("error: regex:match: argument 1 is a string", 0) == 0);
  CHECK(value_of("stook.regex('(*UTF)a')").rfind("error: stook.regex: ", 0) == 0);
  CHECK(value_of("stook.regex(('a'):rep(20000))") ==
        "error: stook.regex: not a regular expression: longer than 16 KiB");
}

TEST_CASE("a long text gives what a short one gives") {
  CHECK(result_of(R"~(local re = stook.regex("(\\w+)=(\\d+)") local pad = (" "):rep(5000)
                     return re:match(pad .. "a=1"), select(2, re:replace(pad .. "a=1 b=2", "")))~") == "\"a\", 2");
  CHECK(result_of(R"~(return stook.regex("(x+x+)+y"):match(("x"):rep(20) .. "y") ~= nil)~") == "true");
}

TEST_CASE("no expression outlives the budget", "[loops]") {
  check_harmless("stook.regex('(a*)*b'):match(('a'):rep(40))");
  check_harmless("stook.regex('(a|a)*b'):match(('a'):rep(1000))");
  check_harmless("stook.regex('[ab]*[ab]*+c'):match(('a'):rep(1024))");
  check_harmless("stook.regex('[ab]*[ab]*[ab]*+c'):match(('a'):rep(1024))");
  check_harmless("stook.regex('[ab]*[ab]*+c'):match(('a'):rep(20000))");
  check_harmless("stook.regex('[ab]*+c'):match(('a'):rep(1 << 20))");
  check_harmless("stook.regex('.*?.*?.*?.*?x'):replace(('a'):rep(1 << 20), '')");
  check_harmless("stook.regex('(?:(?1)|(a))*x'):match(('a'):rep(5000))");
  check_harmless("stook.regex('(a+)\\\\1\\\\1x'):match(('a'):rep(1 << 18))");
  check_harmless("stook.regex(''):replace(('a'):rep(1 << 20), function() while true do end end)");
  check_harmless("while true do for _ in stook.regex(''):gmatch(('a'):rep(1 << 20)) do end end");
  check_harmless("while true do pcall(function() stook.regex('(a|a)*b'):match(('a'):rep(1000)) end) end");
}

TEST_CASE("expressions count against the memory and can be used within themselves") {
  check_harmless("local t = {} while true do t[#t + 1] = stook.regex('(a|b)*c' .. #t) end",
                 {{"memory", "4MiB"}, {"budget", "5s"}});
  CHECK(result_of("for i = 1, 500 do stook.regex('a' .. i):match(('a'):rep(2000)) end return 1",
                  {{"memory", "1MiB"}}) == "1");
  CHECK(result_of(R"~(local re re = stook.regex("(a)(b)?")
                     return re:replace("ab a", function(a, b) return re:match("ab") .. (b or "") end))~") ==
        R"~("ab a", 2)~");
  check_harmless("for i = 1, 1000 do pcall(stook.regex, ('(a{1,1000}){1,1000}'):rep(9)) end");
}
