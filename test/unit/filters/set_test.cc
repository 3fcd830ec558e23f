// SPDX-License-Identifier: Apache-2.0
// set, rename and remove.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "test/unit/kit.hh"

using namespace stook;
using stook::test::Rig;

namespace {

std::string refusal(std::string_view name, const stook::test::Options& options) {
  try {
    Rig rig(Kind::Filter, name, options);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no refusal";
}

}  // namespace

TEST_CASE("constants have the type of their form") {
  Rig rig(Kind::Filter, "set",
          {{"set", "a=-5, b=18446744073709551615, c=1.5, d=true, e=null, f=berlin mitte, g=\"7\", h='5 $', i="}});
  rig.row({}).run();
  CHECK(
      rig.show(0) ==
      R"(a=-5(integer) b=18446744073709551615(unsigned) c=1.5(real) d=true(boolean) e=null(null) f="berlin mitte"(text) g="7"(text) h="5 $"(text) i=""(text))");
  CHECK(rig.wiring().writes[0].type == Type::Integer);
  CHECK(rig.wiring().writes[5].type == Type::Text);
}

TEST_CASE("patterns take the values of other keys") {
  Rig rig(Kind::Filter, "set", {{"set", "name=\"$host:${port:-80}\", both=$host/$host"}});
  rig.row({{"host", Cell::of_text("web")}})
      .row({{"host", Cell::of_text("db")}, {"port", Cell::of_integer(5432)}})
      .run();
  CHECK(rig.cell("name", 0)->bytes() == "web:80");
  CHECK(rig.cell("name", 1)->bytes() == "db:5432");
  CHECK(rig.cell("both", 1)->bytes() == "db/db");
  REQUIRE(rig.wiring().reads.size() == 3);
  CHECK_FALSE(rig.wiring().reads[0].is_optional);
  CHECK(rig.wiring().reads[1].is_optional);
}

TEST_CASE("a key alone is copied with its type, and absence too") {
  Rig rig(Kind::Filter, "set", {{"set", "b=$a, a=$b"}});
  rig.row({{"a", Cell::of_integer(1)}, {"b", Cell::of_boolean(true)}}).row({{"a", Cell::of_real(0.5)}}).run();
  CHECK(rig.show(0) == "a=true(boolean) b=1(integer)");
  CHECK(rig.show(1) == "b=0.5(real)");
}

TEST_CASE("what sets nothing is refused") {
  CHECK(refusal("set", {{"set", "a"}}) == "set: a sets no key; write key=value, as in site=berlin");
  CHECK(refusal("set", {{"set", "=5"}}) == "set: =5 sets no key; write key=value, as in site=berlin");
  CHECK(refusal("set", {{"set", ""}}) == "set: nothing is set; write key=value, as in site=berlin");
  CHECK(refusal("set", {{"set", "a=1, a=2"}}) == "set: the key a is set twice; one value would be right");
  CHECK(refusal("set", {{"set", "a=${b"}}) != "no refusal");
}

TEST_CASE("renamed keys keep their values") {
  Rig rig(Kind::Filter, "rename", {{"names", "a=x, b = y"}});
  rig.row({{"a", Cell::of_integer(1)}, {"c", Cell::of_integer(3)}}).row({{"b", Cell::of_text("t")}}).run();
  CHECK(rig.cell("a", 0) == nullptr);
  CHECK(rig.cell("x", 0)->integer == 1);
  CHECK(rig.cell("c", 0)->integer == 3);
  CHECK(rig.cell("y", 1)->bytes() == "t");
  CHECK(rig.cell("b", 1) == nullptr);
  REQUIRE(rig.wiring().renames.size() == 2);
  CHECK(rig.wiring().renames[1].to == "y");
}

TEST_CASE("a row without the old name keeps what the new one holds") {
  Rig rig(Kind::Filter, "rename", {{"names", "a=x"}});
  rig.row({{"a", Cell::of_integer(1)}, {"x", Cell::of_integer(8)}}).row({{"x", Cell::of_integer(9)}}).run();
  CHECK(rig.cell("x", 0)->integer == 1);
  CHECK(rig.cell("x", 1)->integer == 9);
  CHECK(rig.cell("a", 0) == nullptr);
}

TEST_CASE("pairs of names that are none are refused") {
  CHECK(refusal("rename", {{"names", "a"}}) == "names: a is no pair of names; write from=to, as in agent=user_agent");
  CHECK(refusal("rename", {{"names", "a=a"}}) == "names: a has that name already; another one would be right");
  CHECK(refusal("rename", {{"names", ""}}) == "names: nothing is renamed; write from=to, as in agent=user_agent");
}

TEST_CASE("removed keys are gone, open ones by their prefix, also when they come later") {
  Rig rig(Kind::Filter, "remove", {{"keys", "a, debug.*"}});
  rig.row({{"a", Cell::of_integer(1)}, {"ab", Cell::of_integer(2)}, {"debug.x", Cell::of_integer(3)}}).run();
  CHECK(rig.show(0) == "ab=2(integer)");
  rig.clear();
  rig.row({{"debug.y", Cell::of_integer(3)}, {"debug", Cell::of_integer(4)}}).run();
  CHECK(rig.show(0) == "debug=4(integer)");
  CHECK(rig.wiring().removes == std::vector<std::string>{"a"});
  CHECK(refusal("remove", {{"keys", "a*b"}}) == "keys: a*b names no keys; a * stands at the end only, as in debug.*");
}
