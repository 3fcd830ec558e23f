// SPDX-License-Identifier: Apache-2.0
#include "core/base/text.hh"

#include <catch2/catch.hpp>

using namespace stook;

namespace {
template <class T>
T value_of(std::string_view text) {
  T value{};
  std::string why;
  INFO(text);
  CHECK(read_value(text, value, why));
  CHECK(why.empty());
  return value;
}

template <class T>
std::string why_not(std::string_view text) {
  T value{};
  std::string why;
  INFO(text);
  CHECK_FALSE(read_value(text, value, why));
  return why;
}
}  // namespace

TEST_CASE("a list is split at separators that stand in no quotes and no brackets") {
  using Pieces = std::vector<std::string_view>;
  CHECK(split_list("") == Pieces{});
  CHECK(split_list("  ") == Pieces{});
  CHECK(split_list("a,,b") == Pieces{"a", "", "b"});
  CHECK(split_list(" a , b ") == Pieces{"a", "b"});
  CHECK(split_list("in:stdin, keep(path ~ \"^/a,b\\\",c\" and x in (1,2)), out:file(path=a,format=csv)") ==
        Pieces{"in:stdin", "keep(path ~ \"^/a,b\\\",c\" and x in (1,2))", "out:file(path=a,format=csv)"});
  CHECK(split_list("a'(',b") == Pieces{"a'('", "b"});
  CHECK(split_list("a),b") == Pieces{"a)", "b"});
  CHECK(split_list("a(b,c") == Pieces{"a(b,c"});
}

TEST_CASE("parts are taken one after the other, an empty one too, and none is left at the end") {
  std::string_view rest = "a::bc:";
  CHECK(take_part(rest, ':') == "a");
  CHECK(take_part(rest, ':').empty());
  CHECK(take_part(rest, ':') == "bc");
  CHECK(rest.empty());
  CHECK(take_part(rest, ':').empty());
  rest = "whole";
  CHECK(take_part(rest, ':') == "whole");
  CHECK(rest.empty());
}

TEST_CASE("the nearest name differs in at most a third of its letters") {
  std::vector<std::string> names = {"rotate", "path", "format", "status"};
  CHECK(nearest_name("rotat", names) == "rotate");
  CHECK(nearest_name("ROTATE", names) == "rotate");
  CHECK(nearest_name("paht", names) == "path");
  CHECK(nearest_name("PAHT", names) == "path");
  CHECK(nearest_name("stat", names) == "status");
  CHECK(nearest_name("colour", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name(std::string(100'000, 'x'), names).empty());
}

TEST_CASE("sizes have units of 1000 and of 1024") {
  CHECK(value_of<Size>("512").bytes == 512);
  CHECK(value_of<Size>("64MiB").bytes == 64 << 20);
  CHECK(value_of<Size>("64 MiB").bytes == 64 << 20);
  CHECK(value_of<Size>("1.5GB").bytes == 1'500'000'000);
  CHECK(value_of<Size>("2k").bytes == 2048);
  CHECK(value_of<Size>("7kB").bytes == 7000);
  CHECK(value_of<Size>("9007199254740993").bytes == 9007199254740993);
  for (const char* wrong : {"", "MiB", "5 apples", "-1", "1..5k", "1k2", "99999999TiB", "1e3"}) {
    CHECK(why_not<Size>(wrong) == "not a size; it takes a number and a unit, as in 64MiB or 1.5GB");
  }
}

TEST_CASE("spans of time add up their parts") {
  CHECK(value_of<Duration>("0").ns == 0);
  CHECK(value_of<Duration>("5ms").ns == 5'000'000);
  CHECK(value_of<Duration>("1h30m").ns == 5'400'000'000'000);
  CHECK(value_of<Duration>("1.5 s").ns == 1'500'000'000);
  CHECK(value_of<Duration>("2d").ns == 172'800'000'000'000);
  for (const char* wrong : {"", "5", "s", "5 parsecs", "-1s", "100000000d", "1h-2m"}) {
    CHECK(why_not<Duration>(wrong) == "not a span of time; it takes a number and a unit, as in 5ms or 1h30m");
  }
}

TEST_CASE("numbers are read whole or not at all") {
  CHECK(value_of<int64_t>("-9223372036854775808") == INT64_MIN);
  CHECK(value_of<int64_t>("0x10") == 16);
  CHECK(value_of<uint64_t>("18446744073709551615") == UINT64_MAX);
  CHECK(value_of<double>("0.5") == 0.5);
  CHECK(value_of<double>("-2e3") == -2000);
  for (const char* wrong : {"", "-", "--1", "+1", "1.5", "12a", "0x", "9223372036854775808", "0x-1"}) {
    CHECK(why_not<int64_t>(wrong) == "not an integer; it takes digits, or 0x and hex digits, that fit into 64 bits");
  }
  CHECK(!why_not<uint64_t>("-1").empty());
  CHECK(why_not<double>("much") == "not a number; it takes a decimal number, as in 0.5");
}

TEST_CASE("truth has eight words in any case") {
  CHECK(value_of<bool>("Yes"));
  CHECK(value_of<bool>("1"));
  CHECK_FALSE(value_of<bool>("OFF"));
  CHECK(why_not<bool>("maybe") == "not a truth value; it takes yes or no");
}

TEST_CASE("a list given twice grows") {
  std::vector<std::string> list;
  std::string why;
  CHECK(read_value("a, 'b c'", list, why));
  CHECK(read_value("\"d,e\"", list, why));
  CHECK(read_value("", list, why));
  CHECK(list == std::vector<std::string>{"a", "b c", "d,e"});
}

TEST_CASE("values are shown for people") {
  CHECK(show_size(0) == "0 B");
  CHECK(show_size(512) == "512 B");
  CHECK(show_size(64 << 20) == "64 MiB");
  CHECK(show_size(1536) == "1.5 KiB");
  CHECK(show_duration(0) == "0");
  CHECK(show_duration(5'000'000) == "5 ms");
  CHECK(show_duration(1'500'000'000) == "1.5 s");
  CHECK(show_duration(5'400'000'000'000) == "1.5 h");
  CHECK(show_duration(7) == "7 ns");
  CHECK(show_count(0) == "0");
  CHECK(show_count(999) == "999");
  CHECK(show_count(1234567) == "1 234 567");
}

TEST_CASE("printable text has no control characters and no bytes beyond ASCII") {
  CHECK(printable("a\nb\tc") == "a\\nb\\tc");
  CHECK(printable(std::string_view("\0\x1b\x9b\x7f", 4)) == "\\x00\\x1b\\x9b\\x7f");
  CHECK(printable("abcdef", 3) == "abc");
}
