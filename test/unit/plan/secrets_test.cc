// SPDX-License-Identifier: Apache-2.0
/// More mistakes: how stacks are written, what is never shown, and errors for programs.
#include <catch2/catch.hpp>

#include "test/unit/plan/fixture.hh"

using namespace stook;
using namespace stook::test;

TEST_CASE("the elements of a stack are written in three ways") {
  CHECK(errors_of({{}, "stdin, , a b, keep(a > 1, stdout"}) ==
        "command line: an element is missing; elements stand between commas: id:PLUGIN, PLUGIN or id\n"
        "    stdin, , a b, keep(a > 1, stdout\n"
        "           ^\n"
        "command line: 'a b' is no element; an element is written id:PLUGIN, PLUGIN or id, with options in "
        "parentheses\n"
        "    stdin, , a b, keep(a > 1, stdout\n"
        "             ^~~\n"
        "command line: 'keep(a > 1, stdout' has no ')' at its end; options stand in parentheses, as in keep(status >= "
        "500)\n"
        "    stdin, , a b, keep(a > 1, stdout\n"
        "                  ^~~~~~~~~~~~~~~~~~\n");
  CHECK(errors_of({{}, "stdin, keep(a > 1, b > 2), stdout(x)"}) ==
        "command line: [keep] 'b > 2': filter 'keep' takes one option without a name; options are written name = "
        "value\n"
        "    stdin, keep(a > 1, b > 2), stdout(x)\n"
        "                       ^~~~~\n"
        "command line: [stdout] 'x': sink 'stdout' takes no option without a name; options are written name = value\n"
        "    stdin, keep(a > 1, b > 2), stdout(x)\n"
        "                                      ^\n");
}

TEST_CASE("a secret is never shown, wherever the mistake is") {
  std::string text = errors_of({{}, "stdin, file(password = hunter2, colour = blue), x"});
  CHECK(text.find("hunter2") == std::string::npos);
  CHECK(text.find("colour = blue") != std::string::npos);
  text = errors_of_text("stack = in:STDIN, out:FILE(password=hunter2, path=a), stdout\n[out]\npassword = hunter2\n");
  CHECK(text.find("hunter2") == std::string::npos);
  text = errors_of_text("stack = in:STDIN, out:FILE\n[out]\npassword = \"hunter2\npassword = file:/none\n");
  CHECK(text.find("hunter2") == std::string::npos);
  CHECK(text.find("[out] password: cannot read '/none': No such file or directory") != std::string::npos);
}

TEST_CASE("errors are shown to programs as JSON") {
  Files files;
  files.write("x.conf", "stack = in:STDIN, out:FILE\n[out]\nrotat = \"1\"\n");
  std::string json;
  try {
    make_plan({"x.conf", {}});
  } catch (const ConfigErrors& errors) {
    json = show_errors_json(errors);
  }
  CHECK(json ==
        "[\n {\"file\": \"x.conf\", \"line\": 3, \"column\": 1, \"length\": 5, \"what\": \"[out] rotat: no such option "
        "in "
        "sink 'file'\", \"hint\": \"did you mean 'rotate'?\"}\n]\n");
}

TEST_CASE("plugins named by ulogd's path must be in the build") {
  CHECK(errors_of_text("plugin=\"/usr/lib/ulogd/ulogd_inppkt_STDIN.so\"\n"
                       "plugin=\"/usr/lib/ulogd/ulogd_output_GRAPHIC.so\"\n"
                       "stack = in:STDIN, out:FILE\n") ==
        "x.conf:2: [global] plugin: no plugin 'GRAPHIC' in this build; no file of a module has that path\n"
        "    plugin=\"/usr/lib/ulogd/ulogd_output_GRAPHIC.so\"\n"
        "           ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n");
}

TEST_CASE("more memory than allowed is refused") {
  CHECK(errors_of_text("memory_max = 1MiB\nthreads = 1\nstack = in:STDIN, out:FILE\n").substr(0, 80) ==
        "x.conf:1: [global] memory_max: bundles and payloads may take 12.19 MiB, and 1 Mi");
}
