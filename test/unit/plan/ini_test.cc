// SPDX-License-Identifier: Apache-2.0
#include "core/plan/ini.hh"

#include <catch2/catch.hpp>

#include "core/plan/stack.hh"
#include "core/plan/variables.hh"
#include "test/unit/plan/fixture.hh"

using namespace stook;
using namespace stook::test;

namespace {
// One line a pair: `[section] name=value` with the quotes' kind.
std::string show(const Ini& ini) {
  std::string out;
  for (const Section& section : ini.sections) {
    for (const Pair& pair : section.pairs) {
      out += "[" + section.id + "] " + pair.name + "=<" + pair.value + ">" + (pair.is_verbatim ? "'" : "") + "\n";
    }
  }
  return out;
}

std::string read(std::string_view text) {
  std::vector<ConfigError> errors;
  Ini ini = read_ini_text(text, "x", errors);
  std::string out = show(ini);
  for (const ConfigError& error : errors) {
    out += std::string("error: ") + error.what() + "\n";
  }
  return out;
}

std::string expanded(std::string value) {
  std::string why;
  std::string hint;
  return expand_variables(value, why, hint) ? value : why;
}
}  // namespace

TEST_CASE("pairs belong to the section above them, those before any to [global]") {
  CHECK(read("a=1\n[x]\n b = 2 \n[stookd]\nc\t=\t3\n[global]\nd=\n[y.z-1]\r\ne=5\r\n") ==
        "[global] a=<1>\n[global] c=<3>\n[global] d=<>\n[x] b=<2>\n[y.z-1] e=<5>\n");
}

TEST_CASE("a comment begins at the head of a line or after a blank, and not within quotes") {
  CHECK(read("# a = 1\n  ; b = 2\nc = 3 # four\nd = 5;6#7 ; eight\ne = \"a # b\" # c\nf = x ~ \"a ; b\" ; c\n") ==
        "[global] c=<3>\n[global] d=<5;6#7>\n[global] e=<a # b>\n[global] f=<x ~ \"a ; b\">\n");
  CHECK(read("a = it's fine # isn't it\n[b] # section\nc = 1") == "[global] a=<it's fine>\n[b] c=<1>\n");
}

TEST_CASE("double quotes have escapes, single ones have none, and a value that goes on behind them keeps them") {
  CHECK(read(R"(a = "x \"y\" \\ \n \t \d")") == "[global] a=<x \"y\" \\ \n \t \\d>\n");
  CHECK(read(R"(a = 'x \n ${HOME}')") == "[global] a=<x \\n ${HOME}>'\n");
  CHECK(read(R"(a = "x", "y")") == "[global] a=<\"x\", \"y\">\n");
  CHECK(read("a = \"\"") == "[global] a=<>\n");
  CHECK(read("a = \"x\nb = 'y\n") == "error: [global] a: unterminated quote\nerror: [global] b: unterminated quote\n");
}

TEST_CASE("a backslash at the end continues a line, but not a comment") {
  CHECK(read("a = 1, \\\n  2, \\\n3\nb = 4\n# c \\\nd = 5\ne = 6\\") ==
        "[global] a=<1,   2, 3>\n[global] b=<4>\n[global] d=<5>\n[global] e=<6>\n");
}

TEST_CASE("the place of a piece of a continued value is its own line") {
  std::vector<ConfigError> errors;
  Ini ini = read_ini_text("a = one,\\\n  two\n", "x", errors);
  const Pair& pair = ini.sections.front().pairs.front();
  size_t at = pair.value.find("two");
  Place place = pair.place_of(at, 3);
  CHECK(place.line == 2);
  CHECK(place.column == 3);
  CHECK(place.length == 3);
  CHECK(place.text == "  two");
  CHECK(pair.place_of(0, 3).column == 5);
}

TEST_CASE("mistakes in a line leave the others as they are") {
  CHECK(read("a\n[x\nb=1\n[y]\nc=2\n[y]\nd=3\n=4\n[z]e\nf=6") ==
        "[] b=<1>\n[y] c=<2>\n[] d=<3>\n[] f=<6>\nerror: [global] no '='\nerror: not a section\nerror: [y] stands "
        "twice\nerror: [] no name before '='\nerror: not a section\n");
}

TEST_CASE("includes are sorted, relative to their file, and may match nothing") {
  Files files;
  files.write("conf.d/b.conf", "b = 1\ninclude = sub.inc\n");
  files.write("conf.d/a.conf", "[x]\na = 1\n");
  files.write("conf.d/sub.inc", "sub = 1\n");
  files.write("x.conf", "[global]\ninclude = conf.d/*.conf\ninclude = none/*.conf\nafter = 1\n[x2]\ninclude = kept\n");
  std::vector<ConfigError> errors;
  CHECK(show(read_ini("x.conf", errors)) ==
        "[global] b=<1>\n[global] sub=<1>\n[global] after=<1>\n[x] a=<1>\n[x2] include=<kept>\n");
  CHECK(errors.empty());
}

TEST_CASE("upper-case variables are put in, keys of patterns stay") {
  ::setenv("STOOK_A", "one", 1);
  ::setenv("STOOK_EMPTY", "", 1);
  ::unsetenv("STOOK_NONE");
  CHECK(expanded("x ${STOOK_A} y ${STOOK_A}") == "x one y one");
  CHECK(expanded("${STOOK_NONE:-two words}") == "two words");
  CHECK(expanded("${STOOK_EMPTY}|${STOOK_EMPTY:-three}") == "|three");
  CHECK(expanded("${STOOK_NONE}") == "environment variable STOOK_NONE is not set");
  CHECK(expanded("${STOOK_EMPTY:?say it}") == "environment variable STOOK_EMPTY is not set");
  for (const char* same :
       {"$key ${key} ${http.status:-0} ${time:%Y}", "$$ $${STOOK_A}", "${STOOK_A", "${}", "$", "${STOOK_A:%d}"}) {
    CHECK(expanded(same) == same);
  }
}

TEST_CASE("a secret comes out of a file or a credential") {
  Files files;
  files.write("s", "hunter2\nrest\n");
  std::string why;
  std::string value = "file:s";
  CHECK(read_secret(value, why));
  CHECK(value == "hunter2");
  ::setenv("CREDENTIALS_DIRECTORY", ".", 1);
  value = "cred:s";
  CHECK(read_secret(value, why));
  CHECK(value == "hunter2");
  ::unsetenv("CREDENTIALS_DIRECTORY");
  value = "cred:s";
  CHECK_FALSE(read_secret(value, why));
  CHECK(why == "CREDENTIALS_DIRECTORY is not set, so there are no credentials");
  value = "file:none";
  CHECK_FALSE(read_secret(value, why));
  CHECK(why == "cannot read 'none': No such file or directory");
  value = "plain";
  CHECK(read_secret(value, why));
  CHECK(value == "plain");
}

TEST_CASE("masked lines keep their length and hide what is secret") {
  CHECK(mask_secrets("password = a, b ; c") == "password = ********");
  CHECK(mask_secrets("stack = in, x(token=a(,b), colour=red), y") == "stack = in, x(token=*****, colour=red), y");
  CHECK(mask_secrets("x(db_password = \"a, b\", c)") == "x(db_password = ******, c)");
  CHECK(mask_secrets("token") == "token");
  CHECK(mask_secrets("tokens = 5") == "tokens = 5");
}

TEST_CASE("the pieces of an element are told apart") {
  std::vector<ElementText> elements =
      parse_stack("in : FILE ,keep(a == \"x,y\" and b >= 1), out:file(path=/tmp/x, format = 'c')");
  REQUIRE(elements.size() == 3);
  CHECK(elements[0].id == "in");
  CHECK(elements[0].name == "FILE");
  CHECK(elements[1].id.empty());
  REQUIRE(elements[1].arguments.size() == 1);
  CHECK(elements[1].arguments[0].name.empty());
  CHECK(elements[1].arguments[0].value == "a == \"x,y\" and b >= 1");
  REQUIRE(elements[2].arguments.size() == 2);
  CHECK(elements[2].arguments[0].name == "path");
  CHECK(elements[2].arguments[0].value == "/tmp/x");
  CHECK(elements[2].arguments[1].value == "c");
  CHECK(elements[2].arguments[1].is_verbatim);
  CHECK(parse_stack("x(a =~ b)")[0].arguments[0].name.empty());
  CHECK(parse_stack("x(a==b)")[0].arguments[0].name.empty());
  CHECK(parse_stack("x(a=)")[0].arguments[0].name == "a");
  CHECK(parse_stack("x()")[0].arguments.empty());
  CHECK(parse_stack("x(a=1, b)")[0].error == "'b' is no option");
}
