// SPDX-License-Identifier: Apache-2.0
#include "test/unit/lua/library/library_kit.hh"

using namespace stook::test;

TEST_CASE("stook.time reads and writes times in the formats of parse_time") {
  CHECK(value_of("stook.time.parse('2026-11-21T03:38:00.123456789Z')") == "1795232280123456789");
  CHECK(value_of("stook.time.parse('21/Nov/2026:03:38:00 +0100', 'clf')") == "1795228680000000000");
  CHECK(value_of("stook.time.parse('21.11.2026 03:38', '%d.%m.%Y %H:%M', '+01:00')") == "1795228680000000000");
  CHECK(value_of("stook.time.parse('Nov 21 03:38:00', 'rfc3164', 'UTC', 1795232280000000000)") ==
        "1795232280000000000");
  CHECK(value_of("stook.time.parse('yesterday'), stook.time.parse('', 'epoch')") == "nil, nil");
  CHECK(
      value_of("stook.time.parse('1', '%Q')") ==
      "error: stook.time.parse: \"%Q\" is no part of a time format; it takes % and one of YymbBhdejHIMSpfzZsaAtn%TDFR");
  CHECK(value_of("stook.time.parse('1', 'epoch', 'Mars')").rfind("error: stook.time.parse: ", 0) == 0);
  CHECK(value_of("stook.time.parse('1', ('x'):rep(129))") ==
        "error: stook.time.parse: argument 2 has more than 128 bytes; a format is shorter");
}

TEST_CASE("stook.time.format writes any integer") {
  CHECK(value_of("stook.time.format(1795232280123000000)") == "\"2026-11-21T03:38:00.123Z\"");
  CHECK(value_of("stook.time.format(1795232280000000000, '%d/%b/%Y:%T %z', '+01:00')") ==
        "\"21/Nov/2026:04:38:00 +0100\"");
  CHECK(value_of("stook.time.format(-1, '%F %T.%f %s %Z %%')") == "\"1969-12-31 23:59:59.999999999 -1 UTC %\"");
  CHECK(value_of("#stook.time.format(math.mininteger, '%F'), #stook.time.format(math.maxinteger, '')") == "10, 0");
  CHECK(value_of("stook.time.format(0, '%99999999d')").rfind("error: stook.time.format: \"%9\" is no part", 0) == 0);
  CHECK(value_of("stook.time.format(0, ('%A'):rep(64))") ==
        "error: stook.time.format: the result would be longer than 512 bytes");
  CHECK(value_of("stook.time.format(1.5)") ==
        "error: stook.time.format: argument 1 is a number; it would be an integer");
  CHECK(value_of("math.type(stook.time.now()), stook.time.now() > 1700000000000000000") == "\"integer\", true");
}

TEST_CASE("formats without number cost no memory") {
  check_harmless("for i = 1, 1e9 do stook.time.parse('x', '%Y' .. i) end", {{"memory", "1MiB"}});
}
