// SPDX-License-Identifier: Apache-2.0
/// Each mistake that a configuration can have, with the exact text that a person reads.
#include <unistd.h>

#include <catch2/catch.hpp>

#include "test/unit/plan/fixture.hh"

using namespace stook;
using namespace stook::test;

TEST_CASE("a section that no stack names is an error with the nearest id") {
  CHECK(errors_of_text("stack = in:STDIN, out:FILE\n"
                       "[uot]\n"
                       "path = x\n") ==
        "x.conf:2: [uot]: no stack names this section; did you mean 'out'?\n"
        "    [uot]\n"
        "    ^~~~~\n");
}

TEST_CASE("an unknown option comes with the nearest one") {
  CHECK(errors_of_text("stack = in:STDIN, out:FILE\n"
                       "[out]\n"
                       "  rotat = 64MiB\n") ==
        "x.conf:3: [out] rotat: no such option in sink 'file'; did you mean 'rotate'?\n"
        "    rotat = 64MiB\n"
        "    ^~~~~\n");
  CHECK(errors_of_text("stack = in:STDIN, keep(status = 500, x = 1), out:STDOUT\n").substr(0, 112) ==
        "x.conf:1: [keep] status: no such option in filter 'keep'; it has if, on_error and log_level\n"
        "    stack = in:STDIN");
}

TEST_CASE("an option given twice names its first place, in a section and within a stack") {
  CHECK(errors_of_text("stack = in:STDIN, out:FILE\n"
                       "[out]\n"
                       "path = a\n"
                       "path = b\n") ==
        "x.conf:4: [out] path: given twice; it is first at x.conf:3\n"
        "    path = b\n"
        "    ^~~~\n");
  CHECK(errors_of_text("stack = in:STDIN, out:FILE(path = a)\n"
                       "[out]\n"
                       "path = b\n") ==
        "x.conf:1: [out] path: given twice; it is first at x.conf:3\n"
        "    stack = in:STDIN, out:FILE(path = a)\n"
        "                               ^~~~\n");
}

TEST_CASE("a section that stands twice names its first place") {
  CHECK(errors_of_text("stack = in:STDIN, out:FILE\n"
                       "[out]\n"
                       "path = a\n"
                       "[out]\n"
                       "path = b\n") ==
        "x.conf:4: [out] stands twice; it is first at x.conf:2\n"
        "    [out]\n"
        "    ^~~~~\n");
}

TEST_CASE("a mandatory option that is missing is described") {
  CHECK(errors_of_text("stack = in:FILE, out:STDOUT\n") ==
        "x.conf:1: [in] path: source 'file' needs this option; it is: file to read\n"
        "    stack = in:FILE, out:STDOUT\n"
        "            ^~~~~~~\n");
}

TEST_CASE("a mandatory option that is empty is described at its line") {
  CHECK(errors_of_text("stack = in:FILE, k:KEEP, out:STDOUT\n"
                       "[in]\n"
                       "limit = 3\n"
                       "path =\n"
                       "[k]\n"
                       "if = ''\n") ==
        "x.conf:4: [in] path: is empty, and source 'file' needs it; it is: file to read\n"
        "    path =\n"
        "    ^~~~\n"
        "x.conf:6: [k] if: is empty, and filter 'keep' needs it; it is: comparison that stays\n"
        "    if = ''\n"
        "         ^~\n");
}

TEST_CASE("a mandatory list of several lines may have an empty one") {
  CHECK(errors_of_text("stack = in:STDIN, out:FAILOVER\n[out]\nmembers =\nmembers = a:FILE, b:FILE\n") == "no errors");
}

TEST_CASE("a value out of range names the range in its unit") {
  CHECK(errors_of_text("stack = in:STDIN, out:FILE\n"
                       "[out]\n"
                       "rotate = 1\n") ==
        "x.conf:3: [out] rotate: out of range; it takes 1 KiB to 909.49 TiB\n"
        "    rotate = 1\n"
        "             ^\n");
  CHECK(errors_of_text("threads = 1000\nstack = in:STDIN, out:FILE\n") ==
        "x.conf:1: [global] threads: out of range; it takes 0 to 256\n"
        "    threads = 1000\n"
        "              ^~~~\n");
}

TEST_CASE("a value of the wrong type names what is right") {
  CHECK(errors_of_text("stack = in:STDIN, out:FILE\n"
                       "[out]\n"
                       "linger = soon\n"
                       "colour = blue\n"
                       "[in]\n"
                       "lanes = many\n") ==
        "x.conf:3: [out] linger: not a span of time; it takes a number and a unit, as in 5ms or 1h30m\n"
        "    linger = soon\n"
        "             ^~~~\n"
        "x.conf:4: [out] colour: not one of its choices; it takes red or green\n"
        "    colour = blue\n"
        "             ^~~~\n"
        "x.conf:6: [in] lanes: not an integer of at least 0; it takes digits, or 0x and hex digits, that fit into 64 "
        "bits\n"
        "    lanes = many\n"
        "            ^~~~\n");
}

TEST_CASE("a cyclic include shows its way") {
  Files files;
  files.write("x.conf", "include = y.conf\nstack = in:STDIN, out:FILE\n");
  files.write("y.conf", "include = x.conf\n");
  char here[4096];
  std::string folder = ::getcwd(here, sizeof here);
  CHECK(errors_of({"x.conf", {}}) == "y.conf:1: [global] include: 'x.conf' includes itself; it is read by way of " +
                                         folder + "/x.conf -> " + folder + "/y.conf -> " + folder +
                                         "/x.conf\n"
                                         "    include = x.conf\n"
                                         "              ^~~~~~\n");
}

TEST_CASE("a file that cannot be read says why") {
  Files files;
  CHECK(errors_of({"none.conf", {}}) == "none.conf: cannot read it: No such file or directory\n");
  files.write("x.conf", "include = none.conf\nstack = in:STDIN, out:FILE\ninclude = none/*.conf\n");
  CHECK(errors_of({"x.conf", {}}) ==
        "x.conf:1: [global] include: cannot read 'none.conf': No such file or directory\n"
        "    include = none.conf\n"
        "              ^~~~~~~~~\n");
  CHECK(errors_of({".", {}}) == ".: cannot read it: Is a directory\n");
}

TEST_CASE("an unknown plugin comes with the nearest one of the kind that belongs there") {
  CHECK(errors_of_text("stack = in:FIEL, keep(a > 1), out:STDUOT\n") ==
        "x.conf:1: [global] stack: no source 'FIEL' in this build; did you mean 'file'?\n"
        "    stack = in:FIEL, keep(a > 1), out:STDUOT\n"
        "            ^~~~~~~\n"
        "x.conf:1: [global] stack: no sink 'STDUOT' in this build; did you mean 'stdout'?\n"
        "    stack = in:FIEL, keep(a > 1), out:STDUOT\n"
        "                                  ^~~~~~~~~~\n");
  CHECK(errors_of({{}, "stdin, frobnicate, stdout"}) ==
        "command line: no filter 'frobnicate' in this build; `stook list` shows all plugins\n"
        "    stdin, frobnicate, stdout\n"
        "           ^~~~~~~~~~\n");
}

TEST_CASE("a plugin of the wrong kind says which it is and which belongs there") {
  CHECK(
      errors_of({{}, "keep(a > 1), file, json"}) ==
      "command line: 'keep' is a filter, and a source belongs here; a stack is a source, then filters, then a sink\n"
      "    keep(a > 1), file, json\n"
      "    ^~~~~~~~~~~\n"
      "command line: 'file' is a source or a sink, and a filter belongs here; a stack is a source, then filters, then "
      "a sink\n"
      "    keep(a > 1), file, json\n"
      "                 ^~~~\n"
      "command line: 'json' is a codec, and a sink belongs here; a stack is a source, then filters, then a sink\n"
      "    keep(a > 1), file, json\n"
      "                       ^~~~\n");
}

TEST_CASE("a missing key comes with the nearest and with all that are there") {
  CHECK(errors_of({{}, "stdin, parse, keep(statsu >= 500), stdout"}) ==
        "command line: [keep] reads key 'statsu', which nothing before it writes; did you mean 'status'? there are "
        "file.path, message, parse_error, path, size and status\n"
        "    stdin, parse, keep(statsu >= 500), stdout\n"
        "                       ^~~~~~\n");
}

TEST_CASE("a key of two types names both who say so") {
  CHECK(errors_of_text("stack = in:STDIN,\\\n"
                       "  one:PARSE, two:PARSE_TEXT,\\\n"
                       "  out:STDOUT\n") ==
        "x.conf:2: [two] writes key 'status' as text (x.conf:2), and [one] writes it as integer (x.conf:2); a key has "
        "one type\n"
        "    one:PARSE, two:PARSE_TEXT,\\\n"
        "               ^~~~~~~~~~~~~~\n");
  CHECK(errors_of_text("stack = in:STDIN, p:PARSE(key = size), out:STDOUT\n") ==
        "x.conf:1: [p] reads key 'size' as text (x.conf:1), and [in] writes it as integer (x.conf:1); a key has one "
        "type\n"
        "    stack = in:STDIN, p:PARSE(key = size), out:STDOUT\n"
        "                                    ^~~~\n");
}

TEST_CASE("one id with two plugins names the first") {
  CHECK(errors_of_text("stack = a:STDIN, out:STDOUT\n"
                       "stack = b:STDIN, a:FILE\n") ==
        "x.conf:2: [global] stack: 'a' is source 'stdin' at x.conf:1 and sink 'file' here; one id has one plugin\n"
        "    stack = b:STDIN, a:FILE\n"
        "                     ^~~~~~\n");
  CHECK(errors_of_text("stack = a:STDIN, out:STDOUT\n"
                       "[a]\n"
                       "plugin = FILE\n") ==
        "x.conf:1: [global] stack: 'a' is plugin 'FILE' at x.conf:3 and source 'stdin' here; one id has one plugin\n"
        "    stack = a:STDIN, out:STDOUT\n"
        "            ^~~~~~~\n");
}

TEST_CASE("a stack has at least two elements") {
  CHECK(errors_of_text("stack = a:STDIN\n") ==
        "x.conf:1: [global] stack: fewer than two elements; a stack is a source, then filters, then a sink\n"
        "    stack = a:STDIN\n"
        "            ^~~~~~~\n");
  CHECK(errors_of_text("[global]\n") == "x.conf: no stack; a stack is written stack = in:FILE, out:STDOUT\n");
}

TEST_CASE("a variable that is not set can say what it is for") {
  ::unsetenv("STOOK_NONE");
  CHECK(errors_of_text("stack = in:STDIN, out:FILE\n"
                       "[out]\n"
                       "path = /a/${STOOK_NONE}\n"
                       "password = ${STOOK_NONE:?the password of the file}\n") ==
        "x.conf:3: [out] path: environment variable STOOK_NONE is not set; ${STOOK_NONE:-text} gives what stands for "
        "it\n"
        "    path = /a/${STOOK_NONE}\n"
        "           ^~~~~~~~~~~~~~~~\n"
        "x.conf:4: [out] password: environment variable STOOK_NONE is not set; the password of the file\n"
        "    password = ***************************************\n"
        "               ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n");
}

TEST_CASE("a line without '=' and a quote without end are errors of their own") {
  CHECK(errors_of_text("stack = in:STDIN, out:FILE\n"
                       "[out]\n"
                       "path /tmp/x   # where\n"
                       "colour = \"red\n"
                       "= 5\n"
                       "[o ut]\n") ==
        "x.conf:3: [out] no '='; an option is written name = value\n"
        "    path /tmp/x   # where\n"
        "    ^~~~~~~~~~~\n"
        "x.conf:4: [out] colour: unterminated quote; a value that begins with a quote ends with the same one\n"
        "    colour = \"red\n"
        "             ^~~~\n"
        "x.conf:5: [out] no name before '='; an option is written name = value\n"
        "    = 5\n"
        "    ^\n"
        "x.conf:6: not a section; a section is written [id], of letters, digits and _ - .\n"
        "    [o ut]\n"
        "    ^~~~~~\n");
}

TEST_CASE("a stack that stands twice, and on_error that leads back to itself, are errors") {
  CHECK(errors_of_text("stack = a:STDIN, b:STDOUT\nstack = a, b\n") ==
        "x.conf:2: [global] stack: the same stack a second time; it is first at x.conf:1\n"
        "    stack = a, b\n"
        "               ^\n");
  CHECK(errors_of_text("stack = a:STDIN, p:PARSE, b:STDOUT\n[p]\non_error = p, b\n") ==
        "x.conf:3: [p] on_error: leads back to itself; failed rows go to elements that have another on_error\n"
        "    on_error = p, b\n"
        "               ^\n");
}

TEST_CASE("what a plugin throws is placed at its option") {
  CHECK(errors_of({{}, "stdin, keep(status), stdout"}) ==
        "command line: [keep] if: no comparison; it takes one such as status >= 500\n"
        "    stdin, keep(status), stdout\n"
        "                ^~~~~~\n");
}

TEST_CASE("what a plugin throws is placed at its option among several") {
  CHECK(errors_of_text("stack = in:STDIN, r:REMOVE, out:STDOUT\n"
                       "[r]\n"
                       "on_error = drop\n"
                       "keys = a, b\n"
                       "keys = c?d, e\n"
                       "log_level = error\n") ==
        "x.conf:5: [r] keys has 'c?d'; it takes names\n"
        "    keys = c?d, e\n"
        "           ^~~~~~\n");
}
