// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "sources/netfilter/unixsock_unit.hh"

namespace stook::test {
namespace {

using namespace std::string_literals;
using Kind = UnixsockStart::Kind;

const std::string head = "\x41\xc9\x0f\xd4"s;
/// A packet of three bytes, padded to eight, an option of text, and one of a number.
const std::string body = "\0\0\0\0\0\3abc\0\0\0\0\0"s +              // version, length, packet
                         "\0\0\0\1\0\0\0\2p\0\0\0\0\0\0\0"s +        // prefix
                         "\0\0\0\4\0\0\0\4\x65\x53\xf1\0\0\0\0\0"s;  // time
const std::string whole = head + "\0\x30"s + body;

TEST_CASE("a unit is found by its marker and its size, and anything else is no unit") {
  for (size_t size = 0; size < whole.size(); size++) {
    CAPTURE(size);
    CHECK(start_of_unit(std::string_view(whole).substr(0, size)).kind == Kind::Short);
  }
  CHECK(start_of_unit(whole + "more").kind == Kind::Whole);
  CHECK(start_of_unit(whole + "more").size == whole.size());
  CHECK(start_of_unit("\x41\xc9\x0f\xd5").kind == Kind::Wrong);
  CHECK(start_of_unit("G").kind == Kind::Wrong);
  CHECK(start_of_unit(head + "\0\7"s).kind == Kind::Wrong);
}

TEST_CASE("what a sender says of a packet is read, numbers in network order") {
  UnixsockUnit unit;
  REQUIRE(read_unixsock_unit(whole, unit));
  CHECK(unit.packet == "abc");
  CHECK(unit.prefix == "p");
  CHECK(unit.time == 1700000000u);
  CHECK_FALSE(unit.user_id.has_value());
  std::string other = whole;
  other[11] = 100;  // a packet longer than the unit
  CHECK_FALSE(read_unixsock_unit(other, unit));
  other = whole;
  other[27] = 100;  // an option longer than the unit: it and what follows is passed over
  REQUIRE(read_unixsock_unit(other, unit));
  CHECK(unit.packet == "abc");
  CHECK(unit.prefix.empty());
  CHECK_FALSE(unit.time.has_value());
}

}  // namespace
}  // namespace stook::test
