// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <random>

#include "test/unit/lua/documents.hh"
#include "test/unit/lua/script_kit.hh"

using namespace stook;
using namespace stook::test;

TEST_CASE("each extreme value survives a script that copies it onto itself, and onto another key") {
  for (const Cell& cell : extremes()) {
    CAPTURE(type_name(cell.type), cell.bits);
    Rig rig =
        lua_rig("function filter(rec) rec.a = rec.a; for k, v in pairs(rec) do rec[k] = v end; rec.b = rec.a end");
    rig.row({{"a", cell}}).run();
    REQUIRE(rig.faults().empty());
    CHECK(is_same(rig.cell("a"), cell));
    const Cell* copy = rig.cell("b");
    REQUIRE(copy != nullptr);
    if (cell.type == Type::Real || cell.type == Type::Null || cell.type == Type::Boolean ||
        cell.type == Type::Integer) {
      CHECK(is_same(copy, cell));
    }
  }
}

TEST_CASE("Lua sees values as they are") {
  struct Sight {
    Cell cell;
    const char* test;
  };
  const Sight sights[] = {
      {Cell::of_null(), "v == stook.null and tostring(v) == 'null'"},
      {Cell::of_integer(INT64_MIN), "v == math.mininteger"},
      {Cell::of_unsigned(UINT64_MAX), "v == -1 and math.ult(5, v)"},
      {Cell::of_real(3.0), "math.type(v) == 'float'"},
      {Cell::of_integer(3), "math.type(v) == 'integer'"},
      {Cell::of_real(-0.0), "1 / v < 0"},
      {Cell::of_time(1763697600123456789), "v == 1763697600123456789"},
      {Cell::of_text({"a\0b", 3}), "#v == 3 and v:byte(2) == 0"},
      {Cell::of_slice(Type::Address, {"\x7f\0\0\1", 4}), "v == '127.0.0.1'"},
      {Cell::of_slice(Type::Object, {"\x90", 1}), "type(v) == 'table' and #v == 0"},
      {Cell::of_slice(Type::Object, {"\x82\xa1k\xc0\xa1l\x92\x01\x02", 9}), "v.k == stook.null and v.l[2] == 2"},
  };
  for (const Sight& sight : sights) {
    CAPTURE(sight.test);
    Rig rig = lua_rig(std::string("function filter(rec) local v = rec.a; rec.r = ") + sight.test + " end");
    rig.row({{"a", sight.cell}}).run();
    REQUIRE(rig.cell("r") != nullptr);
    CHECK(rig.cell("r")->is_truth());
  }
}

TEST_CASE("what is written keeps the type of what was there where it can") {
  const char address[] = "\x7f\0\0\1";
  CHECK(run_one("rec.a = rec.a + 1", {{"a", Cell::of_time(5)}}) == "a=6(time)");
  CHECK(run_one("rec.a = rec.a - 1", {{"a", Cell::of_unsigned(UINT64_MAX)}}) == "a=18446744073709551614(unsigned)");
  CHECK(run_one("rec.a = -2", {{"a", Cell::of_unsigned(5)}}) == "a=-2(integer)");
  CHECK(run_one("rec.a = 'b'", {{"a", Cell::of_slice(Type::Bytes, "x")}}) == "a=\"b\"(bytes)");
  CHECK(run_one("rec.a = '10.0.0.1'", {{"a", Cell::of_slice(Type::Address, {address, 4})}}) ==
        "a=\"\\n\\x00\\x00\\x01\"(address)");
  CHECK(run_one("rec.a = 'nowhere'", {{"a", Cell::of_slice(Type::Address, {address, 4})}}) == "a=\"nowhere\"(text)");
  CHECK(run_one("rec.a = 1.5", {{"a", Cell::of_time(5)}}) == "a=1.5(real)");
  CHECK(run_one("rec.a = 4 // 2.0", {{"x", Cell::of_null()}}) == "x=null(null) a=2(real)");
}

TEST_CASE("tables become objects, and stook.array tells an empty array from an empty map") {
  CHECK(run_one("rec.a = {}", {}) == "a=\"\\x80\"(object)");
  CHECK(run_one("rec.a = stook.array({})", {}) == "a=\"\\x90\"(object)");
  CHECK(run_one("rec.a = {1, 'x', stook.null, true}", {}) == "a=\"\\x94\\x01\\xa1x\\xc0\\xc3\"(object)");
  CHECK(run_one("rec.a = {b = 1, a = 2, [3] = 4}", {}) == "a=\"\\x83\\x03\\x04\\xa1a\\x02\\xa1b\\x01\"(object)");
  CHECK(run_one("rec.a = {[math.maxinteger] = 1}", {}) ==
        "a=\"\\x81\\xcf\\x7f\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x01\"(object)");
  CHECK(
      run_one(
          "local t = {} local u = t for i = 1, 63 do u.n = {} u = u.n end rec.a = t; rec.d = rec.a ~= nil; rec.a = nil",
          {}) == "d=true(boolean)");
  CHECK(run_one("local t = {} local u = t for i = 1, 64 do u.n = {} u = u.n end rec.a = t", {}) == "fault");
}

TEST_CASE("an object that is changed keeps the order and the types of the rest") {
  // {"z": 18446744073709551615, "a": [], "m": {"t": 1}}
  std::string object(
      "\x83\xa1z\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa1"
      "a\x90\xa1m\x81\xa1t\x01",
      21);
  Rig rig = lua_rig("function filter(rec) local o = rec.o; o.m.t = 2; o.new = false; rec.o = o end");
  rig.row({{"o", Cell::of_slice(Type::Object, object)}}).run();
  REQUIRE(rig.faults().empty());
  CHECK(rig.cell("o")->bytes() == std::string_view("\x84\xa1z\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa1"
                                                   "a\x90\xa1m\x81\xa1t\x02\xa3new\xc2",
                                                   26));
}

TEST_CASE("equal keys in an object stay, though Lua sees the last of them only") {
  std::string object("\x83\xa1k\x01\xa1x\x05\xa1k\x02", 10);
  Rig rig = lua_rig("function filter(rec) if rec.o.k ~= 2 then error() end rec.o = rec.o end");
  rig.row({{"o", Cell::of_slice(Type::Object, object)}}).run();
  REQUIRE(rig.faults().empty());
  CHECK(rig.cell("o")->bytes() == object);
}

TEST_CASE("a broken object is an error of its row") {
  CHECK(run_one("local x = rec.o", {{"o", Cell::of_slice(Type::Object, {"\x92\x01", 2})}}) == "fault");
}

TEST_CASE("scripts that touch nothing or copy everything change nothing, over random rows") {
  uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const char* scripts[] = {"function filter(rec) end",
                           "function filter(rec) for k, v in pairs(rec) do rec[k] = v end end"};
  for (int round = 0; round < 60; round++) {
    std::vector<std::string> objects;
    std::vector<std::vector<std::pair<std::string, Cell>>> rows;
    objects.reserve(1000);
    for (int r = 0; r < 30; r++) {
      auto& row = rows.emplace_back();
      for (int k = 0; k < 12; k++) {
        std::string bytes(16384, '\0');
        bytes.resize(static_cast<size_t>(put_random(bytes.data(), random, 0) - bytes.data()));
        objects.push_back(std::move(bytes));
        Cell cell =
            random() % 3 == 0 ? Cell::of_slice(Type::Object, objects.back()) : extremes()[random() % extremes().size()];
        if (random() % 4 != 0) {
          row.emplace_back("key" + std::to_string(k), cell);
        }
      }
    }
    Rig rig = lua_rig(scripts[round % 2]);
    for (const auto& row : rows) {
      rig.row(row);
    }
    rig.run();
    REQUIRE(rig.faults().empty());
    for (size_t r = 0; r < rows.size(); r++) {
      for (const auto& [key, cell] : rows[r]) {
        CAPTURE(round, r, key, type_name(cell.type));
        REQUIRE(is_same(rig.cell(key, r), cell));
      }
    }
  }
}
