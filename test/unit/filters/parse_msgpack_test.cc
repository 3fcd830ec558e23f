// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "test/unit/kit.hh"

using namespace stook;
using namespace std::string_literals;
using stook::test::Options;
using stook::test::Rig;

namespace {

std::string spread(const std::string& map, const Options& options = {}) {
  Rig rig(Kind::Filter, "parse_msgpack", options);
  rig.row({{"record", Cell::of_slice(Type::Object, map)}}).run();
  return rig.show(0);
}

}  // namespace

TEST_CASE("each member of a map becomes a key, and the map goes") {
  CHECK(spread("\x83\xa1i\x07\xa1u\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa1z\xc0"s) ==
        "i=7(integer) u=18446744073709551615(unsigned) z=null(null)");
  CHECK(spread("\x82\xa1l\x92\x01\x02\xa1m\x81\xa1k\xa1v"s) ==
        "l=\"\\x92\\x01\\x02\"(object) m=\"\\x81\\xa1k\\xa1v\"(object)");
  CHECK(spread("\x81\xa1t\xd7\0\0\0\0\x01\0\0\0\x02"s) == "t=1000000002(time)");
}

TEST_CASE("members take a prefix, and the map stays when it is kept") {
  CHECK(spread("\x81\xa1i\x07"s, {{"prefix", "app."}}) == "app.i=7(integer)");
  CHECK(spread("\x81\xa1i\x07"s, {{"keep", "yes"}}) == "record=\"\\x81\\xa1i\\x07\"(object) i=7(integer)");
}

TEST_CASE("the last of two members of one name counts, and names that are no text are left out") {
  CHECK(spread("\x83\xa1i\x01\xa1i\x02\x05\x06"s) == "i=2(integer)");
}

TEST_CASE("a name that is no text takes no other member with it, and what is lost is counted") {
  for (const std::string& map : {"\x83\xa1i\x01\x05\x06\xa1l\x03"s, "\x84\x05\x06\xc0\x06\xa1i\x01\xa1l\x03"s}) {
    Rig rig(Kind::Filter, "parse_msgpack");
    rig.row({{"record", Cell::of_slice(Type::Object, map)}}).run();
    CHECK(rig.show(0) == "i=1(integer) l=3(integer)");
    CHECK(rig.meter().keys_lost.read() == (map[0] & 0xfU) - 2);
  }
  std::string many = "\xde\x04\x02\x05\x06"s;  // 1,026 members, the first without a name of text
  for (int i = 0; i < 1024; i++) {
    many += "\xa1i\x01"s;
  }
  many += "\xa1l\x01"s;
  Rig rig(Kind::Filter, "parse_msgpack");
  rig.row({{"record", Cell::of_slice(Type::Object, many)}}).run();
  CHECK(rig.show(0) == "i=1(integer)");
  CHECK(rig.meter().keys_lost.read() == 3);
}

TEST_CASE("what is no map stays as it is and says why") {
  for (const std::string& bytes : {"\x91\x01"s, "\x81\xa1"s, ""s, "\x80\x80"s}) {
    Rig rig(Kind::Filter, "parse_msgpack");
    rig.row({{"record", Cell::of_slice(Type::Object, bytes)}}).run();
    CHECK(rig.faults() == std::vector<int>{0});
    CHECK(rig.cell("record")->bytes() == bytes);
    CHECK(rig.cell("parse_error") != nullptr);
  }
  Rig rig(Kind::Filter, "parse_msgpack");
  rig.row("message", "x").run();
  CHECK(rig.faults() == std::vector<int>{0});
}
