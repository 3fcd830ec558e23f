// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <thread>

#include "core/base/clock.hh"
#include "core/base/room.hh"
#include "test/unit/lua/script_kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
// A loop without end. ThreadSanitizer delivers signals at intercepted calls only, so there it makes strings.
#if defined(__SANITIZE_THREAD__)
#define SPIN "local s = '' while true do s = ('x'):rep(60) .. #s end"
#else
#define SPIN "while true do end"
#endif

/// Runs a body over three rows, of which the second calls it; the others must come out right.
void check_ended(const std::string& body, const char* what, Options options = {}) {
  CAPTURE(what, body);
  options.emplace_back("budget", "30ms");
  Rig rig =
      lua_rig("function filter(rec) if rec.a == 2 then rec.a = 'changed'; " + body + " end rec.b = rec.a end", options);
  for (int64_t i = 1; i <= 3; i++) {
    rig.row({{"a", Cell::of_integer(i)}});
  }
  int64_t start = thread_cpu_ns();
  rig.run();
  CHECK((thread_cpu_ns() - start) / 1'000'000 < 3000);
  CHECK(rig.faults() == std::vector<int>{1});
  CHECK(rig.show_all() == "a=1(integer) b=1(integer)\na=2(integer)\na=3(integer) b=3(integer)\n");
}
}  // namespace

TEST_CASE("a loop without end costs its row only") {
  check_ended(SPIN, "plain");
  check_ended("while true do pcall(function() " SPIN " end) end", "in pcall");
  check_ended("while true do local ok = pcall(pcall, pcall, function() " SPIN " end) end", "in pcall of pcall");
  check_ended("xpcall(function() " SPIN " end, function() " SPIN " end)", "in the handler of xpcall");
  check_ended("xpcall(error, function() " SPIN " end)", "in a handler");
  check_ended("coroutine.wrap(function() " SPIN " end)()", "in a coroutine");
  check_ended("local c = coroutine.create(function() while true do pcall(function() " SPIN
              " end) end end) while true do coroutine.resume(c) end",
              "in a coroutine in pcall");
  check_ended("local f = coroutine.wrap(function() while true do coroutine.yield() end end) while true do f() end",
              "in a coroutine that yields");
  check_ended("coroutine.wrap(function() coroutine.wrap(function() " SPIN " end)() end)()", "two coroutines deep");
  check_ended("local x <close> = setmetatable({}, {__close = function() " SPIN " end}) error('x')", "in __close");
  check_ended("local t = setmetatable({}, {__index = function() " SPIN " end}) local x = t.x", "in __index");
  check_ended("string.gsub('x', 'x', function() " SPIN " end)", "in gsub's function");
  check_ended("table.sort({3, 2, 1}, function() " SPIN " end)", "in sort's function");
  check_ended("tostring(setmetatable({}, {__tostring = function() " SPIN " end}))", "in __tostring");
}

TEST_CASE("work in C without end costs its row only") {
  check_ended("string.find(('a'):rep(30), ('a?'):rep(30) .. ('a'):rep(30) .. 'b')", "find");
  check_ended("(('a'):rep(30)):match(('a?'):rep(30) .. ('a'):rep(30) .. 'b')", "match by method");
  check_ended("for x in (('a'):rep(30)):gmatch(('a?'):rep(30) .. ('a'):rep(30) .. 'b') do end", "gmatch");
  check_ended("string.gsub(('a'):rep(30), ('a?'):rep(30) .. ('a'):rep(30) .. 'b', '')", "gsub");
  check_ended("string.find(('a'):rep(1 << 20), ('.-'):rep(20) .. 'b')", "find with many loops");
  check_ended("table.move({}, 1, 1 << 40, 2)", "move");
  check_ended("table.concat({}, '', 1, 1 << 40)", "concat");
  check_ended("table.unpack({}, 1, 1 << 40)", "unpack");
  check_ended("table.insert(setmetatable({}, {__len = function() return 1 << 40 end}), 1, 1)", "insert");
  check_ended("string.rep('', 1 << 40)  error('rep ended')", "rep of nothing");
  check_ended("string.rep('x', 1 << 40)", "rep");
  check_ended("string.rep('', 1 << 40, 'x')", "rep of separators");
  check_ended("local s = ('a'):rep(1 << 20) local t = {} for i = 1, 30000 do t[i] = s end table.sort(t)",
              "sort of long texts");
}

TEST_CASE("a finalizer is refused, for nothing could end it") {
  check_ended("setmetatable({}, {__gc = function() end})", "__gc");
  check_ended("setmetatable({}, {__gc = true})", "__gc of any type");
}

TEST_CASE("a memory bomb costs its row only") {
  check_ended("local t = {} while true do t[#t + 1] = ('x'):rep(1 << 20) end", "long texts", {{"memory", "4MiB"}});
  check_ended("local t = {} for i = 1, 1e9 do t[i] = {} end", "tables", {{"memory", "4MiB"}, {"budget", "10s"}});
  check_ended("local s = 'x' while true do s = s .. s end", "doubling");
  check_ended("local c = {} for i = 1, 1e9 do c[i] = coroutine.create(print) end", "coroutines", {{"memory", "4MiB"}});
  check_ended("local function f() return 1 + f() end f()", "recursion");
  check_ended("for i = 1, 1e9 do rec.x = ('x'):rep(1 << 20) .. i end", "writes", {{"memory", "4MiB"}});
  check_ended(
      "local t = {} for i = 1, 5 do t = {t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t} end rec.x = t",
      "an object that unfolds", {{"memory", "2MiB"}, {"budget", "10s"}});
}

TEST_CASE("the row after a memory bomb has all the memory again") {
  Rig rig = lua_rig(
      "function filter(rec) if rec.a == 'bomb' then local t = {} for i = 1, 1e9 do t[i] = { i } end end rec.b = 1 end",
      {{"memory", "4MiB"}, {"budget", "10s"}});
  rig.row("a", "bomb");
  for (int i = 0; i < 5; i++) {
    rig.row("a", "another text of row " + std::to_string(i));
  }
  rig.run();
  CHECK(rig.faults().size() == 1);
}

TEST_CASE("memory that a script keeps fails its rows and nothing else") {
  Rig rig = lua_rig("kept = {} function filter(rec) kept[#kept + 1] = ('x'):rep(100000) .. #kept; rec.b = 1 end",
                    {{"memory", "1MiB"}});
  for (int i = 0; i < 50; i++) {
    rig.row("a", "x");
  }
  rig.run();
  CHECK(rig.faults().size() > 35);
  CHECK(rig.faults().size() < 50);
  CHECK(rig.selected().size() == 50);
}

TEST_CASE("budgets are per row: many rows may take longer together") {
  Rig rig = lua_rig("function filter(rec) local t = os.clock() while os.clock() - t < 0.001 do end rec.b = 1 end",
                    {{"budget", "100ms"}});
  for (int i = 0; i < 250; i++) {
    rig.row("a", "x");
  }
  rig.run();
  CHECK(rig.faults().empty());
}

TEST_CASE("scripts that loop in four threads are each ended, round after round") {
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&right] {
      room::enter(room::worker);
      for (int round = 0; round < 3; round++) {
        Rig rig =
            lua_rig("function filter(rec) if rec.a % 4 == 0 then " SPIN " end rec.b = 1 end", {{"budget", "20ms"}});
        for (int64_t i = 1; i <= 8; i++) {
          rig.row({{"a", Cell::of_integer(i)}});
        }
        rig.run();
        right += rig.faults() == std::vector<int>{3, 7} ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(right == 12);
}

TEST_CASE("ways out of the state are closed") {
  for (const char* name :
       {"io", "require", "package", "debug", "dofile", "loadfile", "os.execute", "os.exit", "os.getenv", "os.remove",
        "os.rename", "os.tmpname", "os.setlocale", "string.dump", "coroutine.close"}) {
    CAPTURE(name);
    CHECK(run_one(std::string("rec.r = ") + name + " == nil", {}) == "r=true(boolean)");
  }
  CHECK(run_one("rec.r = getmetatable('') == false", {}) == "r=true(boolean)");
  CHECK(run_one("rec.r = load('\\27Lua') == nil", {}) == "r=true(boolean)");
  CHECK(run_one("rec.r = pcall(load, function() return 'x' end)", {}) == "r=false(boolean)");
  CHECK(run_one("rec.r = load('return x', 'n', 'b', {x = 3})()", {}) == "r=3(integer)");
  CHECK(run_one("rec.r = pcall(collectgarbage, 'stop')", {}) == "r=false(boolean)");
  CHECK(run_one("rec.r = collectgarbage('count') > 1 and collectgarbage('step') ~= nil", {}) == "r=true(boolean)");
  CHECK(run_one("rec.r = pcall(setmetatable, stook.array({}), {})", {}) == "r=false(boolean)");
}

TEST_CASE("xpcall, coroutines and print do what Lua's own do") {
  CHECK(run_one("rec.r = table.concat({select(2, xpcall(function(a, b) return a, b end, print, 'x', 'y'))})", {}) ==
        "r=\"xy\"(text)");
  CHECK(run_one("rec.r = select(2, xpcall(error, function(m) return m .. '!' end, 'bad', 0))", {}) ==
        "r=\"bad!\"(text)");
  CHECK(run_one("local f = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)"
                " rec.x = f(1) rec.y = f(5) rec.z = pcall(f)",
                {}) == "x=2(integer) y=10(integer) z=false(boolean)");
  CHECK(run_one("local c = coroutine.create(function() error('no', 0) end) local ok, m = coroutine.resume(c) rec.r = m"
                " rec.s = coroutine.status(c) rec.t = coroutine.resume(c)",
                {}) == "r=\"no\"(text) s=\"dead\"(text) t=false(boolean)");
  CHECK(run_one("print('seen', 1, nil) stook.log('info', 'x') rec.r = pcall(stook.log, 'loud', 'x')", {}) ==
        "r=false(boolean)");
  CHECK(run_one("local t = {3, 1, 2} table.sort(t) rec.r = table.concat(t, ',') table.sort(t, function(a, b) return a "
                "> b end)"
                " rec.s = table.concat(t)",
                {}) == "r=\"1,2,3\"(text) s=\"321\"(text)");
}

TEST_CASE("a loop without end is ended in every form, in a tick and in stop", "[loops]") {
  Options options = {{"budget", "20ms"}};
  for (const char* script :
       {"return { reads = { 'n:integer' }, row = function(n) " SPIN " end }",
        "return { reads = { 'n:integer' }, batch = function(b) while true do pcall(b.column, b, 1) end end }",
        "return { state = 'none', batch = function(b) b:row(1).n = 2 " SPIN " end }"}) {
    CAPTURE(script);
    Rig rig = lua_rig(script, options);
    rig.row({{"n", Cell::of_integer(1)}}).row({{"n", Cell::of_integer(2)}}).run();
    CHECK(rig.faults().size() == 2);
    CHECK(rig.show_all() == "n=1(integer)\nn=2(integer)\n");
  }
  Rig call =
      lua_rig("function cb(tag, ts, record) while true do record.n = 2 end end", {{"budget", "20ms"}, {"call", "cb"}});
  call.row({{"n", Cell::of_integer(1)}}).run();
  CHECK(call.faults().size() == 1);
  Rig ticks = lua_rig("function filter(rec) end function tick(now, emit) emit({ n = 1 }) " SPIN
                      " end "
                      "function stop() " SPIN " end",
                      options);
  ticks.tick(1);
  CHECK(ticks.show_all().empty());
  ticks.row({{"n", Cell::of_integer(1)}}).run();
  CHECK(ticks.faults().empty());
}
