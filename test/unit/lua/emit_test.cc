// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "test/unit/lua/script_kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
Cell number(int64_t value) {
  return Cell::of_integer(value);
}

// The values of `n` in all rows, over all rounds.
std::string numbers(Rig& rig) {
  std::string all;
  do {
    for (int row : rig.selected()) {
      const Cell* cell = rig.cell("n", static_cast<size_t>(row));
      all += (cell == nullptr ? "-" : std::to_string(cell->integer)) + " ";
    }
  } while (rig.more());
  return all;
}
}  // namespace

TEST_CASE("emitted rows stand behind the row they were made at") {
  Rig rig = lua_rig(R"(
    function filter(rec)
      if rec.n == 2 then
        emit({ n = 20, name = "twenty", list = { 1, 2 } })
        emit({ n = 21 })
      end
      if rec.n == 3 then emit(rec); rec.n = 33; emit({ n = 30 }); return false end
      if rec.n == 4 then rec.n = 44 emit(rec) end
    end)");
  for (int64_t i = 1; i <= 5; i++) {
    rig.row({{"n", number(i)}, {"k", Cell::of_text("x")}});
  }
  rig.run();
  CHECK(rig.faults().empty());
  CHECK(rig.show_all() ==
        "n=1(integer) k=\"x\"(text)\nn=2(integer) k=\"x\"(text)\n"
        "n=20(integer) list=\"\\x92\\x01\\x02\"(object) name=\"twenty\"(text)\nn=21(integer)\n"
        "n=3(integer) k=\"x\"(text)\nn=30(integer)\n"
        "n=44(integer) k=\"x\"(text)\nn=44(integer) k=\"x\"(text)\nn=5(integer) k=\"x\"(text)\n");
  CHECK(rig.meter().appended.read() == 5);
  CHECK(rig.meter().disposed.read() == 1);
  CHECK(rig.wiring().appends);
  CHECK(rig.wiring().overflows);
}

TEST_CASE("a script that never says emit makes no rows, and its bundles are no larger") {
  Rig rig = lua_rig("function filter(rec) rec.remitted = 1 end");
  CHECK_FALSE(rig.wiring().appends);
  CHECK_FALSE(rig.wiring().holds);
}

TEST_CASE("the positional form emits as well") {
  Rig rig = lua_rig(R"(return { reads = { "n:integer" }, writes = { "m:integer" },
    row = function(n) if n == 1 then emit({ n = 10, m = 7 }) end return n ~= 2, n end })");
  rig.row({{"n", number(1)}}).row({{"n", number(2)}}).row({{"n", number(3)}}).run();
  CHECK(rig.show_all() == "n=1(integer) m=1(integer)\nn=10(integer) m=7(integer)\nn=3(integer) m=3(integer)\n");
}

TEST_CASE("what a row that fails had emitted is not there") {
  Rig rig = lua_rig(R"(
    function filter(rec)
      emit({ n = rec.n * 10 })
      pcall(emit, { n = print })
      if rec.n == 2 then error("two") end
    end)");
  rig.row({{"n", number(1)}}).row({{"n", number(2)}}).row({{"n", number(3)}}).run();
  CHECK(rig.faults() == std::vector<int>{2});  // its row has moved
  CHECK(numbers(rig) == "1 10 2 3 30 ");
}

TEST_CASE("rows beyond the bundle come in further rounds, in order, with their faults") {
  Rig rig = lua_rig(R"(
    function filter(rec)
      if rec.n == 200 then error("200") end
      for i = 1, 5 do emit({ n = rec.n * 1000 + i }) end
    end)");
  std::string want;
  for (int64_t i = 0; i < 256; i++) {
    rig.row({{"n", number(i)}});
    want += std::to_string(i) + " ";
    for (int64_t k = 1; k <= 5 && i != 200; k++) {
      want += std::to_string(i * 1000 + k) + " ";
    }
  }
  rig.run();
  CHECK(rig.selected().size() == 512);
  CHECK(rig.faults().empty());
  std::string got;
  size_t faults = 0;
  do {
    for (int row : rig.selected()) {
      got += std::to_string(rig.cell("n", static_cast<size_t>(row))->integer) + " ";
    }
    for (int row : rig.faults()) {
      CHECK(rig.cell("n", static_cast<size_t>(row))->integer == 200);
      faults++;
    }
  } while (rig.more());
  CHECK(got == want);
  CHECK(faults == 1);
  CHECK(rig.meter().appended.read() == 255 * 5);
}

TEST_CASE("endless emitting is ended by what a script may store, and costs its row") {
  Rig rig = lua_rig("function filter(rec) if rec.n == 1 then while true do emit({ n = 2 }) end end end",
                    {{"memory", "1MiB"}, {"budget", "10s"}});
  rig.row({{"n", number(1)}}).row({{"n", number(5)}}).run();
  CHECK(rig.faults() == std::vector<int>{0});
  CHECK(numbers(rig) == "1 5 ");
}

TEST_CASE("emit takes no more than rows") {
  for (const char* body : {"emit()", "emit(1)", "emit('x')", "emit({ 1 })", "emit({ a = print })", "emit(stook)",
                           "emit(setmetatable({}, { __index = error }), 1) error()", "drop(1)", "drop({})"}) {
    CAPTURE(body);
    CHECK(run_one(body, {{"a", number(1)}}) == "fault");
  }
}

TEST_CASE("declared types hold in emitted rows") {
  Rig rig = lua_rig(R"(return { reads = { "?t:time", "?r:real", "?u:unsigned", "?b:bytes", "?a:address", "n:integer" },
    row = function() emit({ t = 5, r = 1, u = 2, b = "x", a = "127.0.0.1", n = 3 }) return false end })");
  rig.row({{"n", number(1)}}).run();
  CHECK(rig.show_all() ==
        "t=5(time) r=1(real) u=2(unsigned) b=\"x\"(bytes) a=\"\\x7f\\x00\\x00\\x01\"(address) n=3(integer)\n");
}

TEST_CASE("a tick gets the time, emits, and is told when it is the last one") {
  Rig rig = lua_rig(R"(
    local n = 0
    function filter(rec) n = n + 1 return false end
    function tick(now, emit, is_last)
      emit({ n = n, good = now > 1700000000000000000, last = is_last })
      n = 0
    end)");
  CHECK(rig.wiring().tick == 10'000'000'000);
  rig.row({{"n", number(1)}}).row({{"n", number(2)}}).run();
  rig.tick(1);
  CHECK(rig.show_all() == "n=2(integer) good=true(boolean) last=false(boolean)\n");
  rig.tick(2, true);
  CHECK(rig.show_all() == "n=0(integer) good=true(boolean) last=true(boolean)\n");
}

TEST_CASE("the period of the tick is the script's or the configuration's") {
  const char* script = "return { every = '30s', filter = function(rec) end, tick = function(now, emit) end }";
  CHECK(lua_rig(script).wiring().tick == 30'000'000'000);
  CHECK(lua_rig(script, {{"tick", "1s"}}).wiring().tick == 1'000'000'000);
  CHECK(lua_rig("function filter(rec) end", {{"tick", "1s"}}).wiring().tick == 0);
  CHECK(refusal("return { every = 'x', filter = function(rec) end }") ==
        "t.lua: every is no duration from 10ms on, such as \"10s\"");
  CHECK(refusal("return { state = 'none', filter = function(rec) end, tick = function() end }") ==
        "t.lua has a tick, so it remembers rows; its state would be lane or shared, not none");
}

TEST_CASE("a tick that fails has emitted nothing, and is counted") {
  Rig rig = lua_rig("function filter(rec) end function tick(now, emit) emit({ n = 1 }) error('x') end");
  rig.tick(1);
  CHECK(rig.show_all().empty());
  CHECK(rig.meter().faults.read() == 1);
  rig.row({{"n", number(1)}}).run();
  CHECK(numbers(rig) == "1 ");
}

TEST_CASE("a tick sees no row") {
  Rig rig = lua_rig(R"(
    local kept
    function filter(rec) kept = rec end
    function tick(now, emit)
      emit({ a = pcall(function() return kept.n end), b = pcall(hold), c = pcall(emit, kept) })
    end)");
  rig.row({{"n", number(1)}}).run().tick(1);
  CHECK(rig.show_all() == "a=false(boolean) b=false(boolean) c=false(boolean)\n");
}

TEST_CASE("a tick may emit more rows than a bundle holds") {
  Rig rig = lua_rig("function filter(rec) end function tick(now, emit) for i = 1, 1000 do emit({ n = i }) end end");
  rig.tick(1);
  std::string want;
  for (int i = 1; i <= 1000; i++) {
    want += std::to_string(i) + " ";
  }
  CHECK(numbers(rig) == want);
}
