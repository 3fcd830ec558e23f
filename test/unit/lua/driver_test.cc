// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "test/unit/lua/script_kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
Cell text(std::string_view bytes) {
  return Cell::of_text(bytes);
}
Cell number(int64_t value) {
  return Cell::of_integer(value);
}
}  // namespace

TEST_CASE("a file with nothing but filter(rec) is a complete filter") {
  Rig rig = lua_rig(R"(
    function filter(rec)
      if rec.status < 400 then return false end
      rec.kib = rec.bytes // 1024
      rec.browser = rec.agent
      rec.agent = nil
    end)");
  rig.row({{"status", number(200)}, {"bytes", number(1)}, {"agent", text("a")}});
  rig.row({{"status", number(404)}, {"bytes", number(5000)}, {"agent", text("curl")}});
  rig.run();
  CHECK(rig.faults().empty());
  CHECK(rig.show_all() == "status=404(integer) bytes=5000(integer) kib=4(integer) browser=\"curl\"(text)\n");
  CHECK(rig.meter().disposed.read() == 1);
  CHECK(rig.wiring().reads_all);
  CHECK(rig.wiring().opens);
  CHECK(rig.wiring().state == State::Lane);
}

TEST_CASE("only false drops a record") {
  CHECK(run_one("return nil", {{"a", number(1)}}) == "a=1(integer)");
  CHECK(run_one("return true", {{"a", number(1)}}) == "a=1(integer)");
  CHECK(run_one("return 0", {{"a", number(1)}}) == "a=1(integer)");
  CHECK(run_one("return false", {{"a", number(1)}}) == "dropped");
}

TEST_CASE("absent keys are nil, dotted names are plain names, and numbers are no names") {
  CHECK(run_one("rec.r = rec.nothing == nil and rec['http.host'] == 'x' and rec[1] == nil",
                {{"http.host", text("x")}}) == "http.host=\"x\"(text) r=true(boolean)");
  CHECK(run_one("rec[1] = 2", {{"a", number(1)}}) == "fault");
}

TEST_CASE("a name that is absent at first is found once it exists") {
  CHECK(run_one(
            "local a = rec.new; rec.new = 1; rec.r = a == nil and rec.new == 1; rec.new = nil; rec.s = rec.new == nil",
            {{"a", number(1)}}) == "a=1(integer) r=true(boolean) s=true(boolean)");
}

TEST_CASE("pairs gives the keys that are there, in the order of their numbers") {
  CHECK(run_one("local s = '' for k, v in pairs(rec) do s = s .. k .. '=' .. tostring(v) .. ';' end rec.s = s",
                {{"b", number(1)}, {"a", Cell::of_null()}, {"c", text("x")}}) ==
        "b=1(integer) a=null(null) c=\"x\"(text) s=\"b=1;a=null;c=x;\"(text)");
  CHECK(run_one("for k in pairs(rec) do rec[k] = nil end", {{"b", number(1)}, {"a", number(2)}}) == "");
}

TEST_CASE("an error leaves its row as it was, names it, and the next row goes on") {
  Rig rig = lua_rig(R"(
    local n = 0
    function filter(rec)
      n = n + 1
      rec.a = 'changed'
      rec.b = nil
      rec.new = n
      if n % 3 == 0 then local x = nil; x.y = 1 end
    end)");
  for (int i = 0; i < 256; i++) {
    rig.row({{"a", number(i)}, {"b", text("stays")}});
  }
  rig.run();
  REQUIRE(rig.faults().size() == 85);
  CHECK(rig.selected().size() == 256);
  for (size_t i = 0; i < 256; i++) {
    std::string n = std::to_string(i);
    if (i % 3 == 2) {
      CHECK(rig.faults()[i / 3] == static_cast<int>(i));
      CHECK(rig.show(i) == "a=" + n + "(integer) b=\"stays\"(text)");
    } else {
      CHECK(rig.show(i) == "a=\"changed\"(text) new=" + std::to_string(i + 1) + "(integer)");
    }
  }
}

TEST_CASE("errors of any type are errors") {
  for (const char* body : {"error()", "error({})", "error(nil)", "error(('x'):rep(1 << 20))", "error(7)", "error(rec)",
                           "error(setmetatable({}, {__tostring = error}))", "error('\\27[31m\\n')", "rec.x = print",
                           "rec.x = rec", "rec.x = coroutine.create(print)", "rec.x = {print}", "rec.x = {[{}] = 1}",
                           "coroutine.yield()", "local t = {} t[1] = t; rec.x = t"}) {
    CAPTURE(body);
    CHECK(run_one(body, {{"a", number(1)}}) == "fault");
  }
}

TEST_CASE("a record kept for later is an error outside its row, and the next row within it") {
  Rig rig = lua_rig(R"(
    local kept, iterate, state
    function filter(rec)
      if kept then rec.old = kept.a end
      if iterate then iterate(state, nil) end
      kept = rec
      iterate, state = pairs(rec)
    end)");
  rig.row({{"a", number(1)}}).row({{"a", number(2)}}).run();
  CHECK(rig.show_all() == "a=1(integer)\na=2(integer) old=2(integer)\n");
  CHECK(refusal("return { setup = function() return { filter = function(rec) end } end }").empty());
}

TEST_CASE("rec is closed: no metatable, no length, no next") {
  CHECK(run_one("rec.r = getmetatable(rec) == false", {{"a", number(1)}}) == "a=1(integer) r=true(boolean)");
  CHECK(run_one("next(rec)", {{"a", number(1)}}) == "fault");
  CHECK(run_one("local x = #rec", {{"a", number(1)}}) == "fault");
  CHECK(run_one("setmetatable(rec, {})", {{"a", number(1)}}) == "fault");
  CHECK(run_one("rawset(rec, 'a', 1)", {{"a", number(1)}}) == "fault");
}

TEST_CASE("keys for which no number is left are counted") {
  Rig rig = lua_rig("function filter(rec) for i = 1, 300 do rec['k' .. i] = i end end");
  rig.row({{"a", number(1)}}).run();
  CHECK(rig.faults().empty());
  CHECK(rig.meter().keys_lost.read() == 300 - 255);
  Rig other = lua_rig("function filter(rec) rec[('x'):rep(255)] = 1; rec[('x'):rep(256)] = 1 end");
  other.row({{"a", number(1)}}).run();
  CHECK(other.meter().keys_lost.read() == 1);
}

TEST_CASE("more names than the cache holds stay right") {
  Rig rig = lua_rig(R"(
    function filter(rec)
      for i = 1, 2000 do if rec['n' .. i] ~= nil then error(i) end end
      rec.sum = rec.a + rec.b
      collectgarbage('step')
      for i = 1, 100 do rec['k' .. i] = i end
      for i = 1, 100 do if rec['k' .. i] ~= i then error('k' .. i) end end
    end)");
  for (int i = 0; i < 20; i++) {
    rig.row({{"a", number(i)}, {"b", number(1)}});
  }
  rig.run();
  CHECK(rig.faults().empty());
  CHECK(rig.cell("sum", 19)->integer == 20);
}

TEST_CASE("the positional form gets its reads as arguments and gives its writes as results") {
  Rig rig = lua_rig(R"(
    return {
      kind = "filter", doc = "Labels.",
      reads = { "bytes:integer", "port:integer", "?host:text" },
      writes = { "label:text", "n:integer" },
      row = function(bytes, port, host)
        if bytes < 1000 then return false end
        return true, host or (port == 443 and "web" or nil), bytes
      end,
    })");
  rig.row({{"bytes", number(10)}, {"port", number(443)}});
  rig.row({{"bytes", number(2000)}, {"port", number(443)}});
  rig.row({{"bytes", number(3000)}, {"port", number(1)}, {"host", text("h")}});
  rig.row({{"bytes", number(4000)}, {"port", number(1)}});
  rig.row({{"bytes", number(5000)}});
  rig.run();
  CHECK(rig.faults().empty());
  CHECK(rig.show_all() ==
        "bytes=2000(integer) port=443(integer) label=\"web\"(text) n=2000(integer)\n"
        "bytes=3000(integer) port=1(integer) host=\"h\"(text) label=\"h\"(text) n=3000(integer)\n"
        "bytes=4000(integer) port=1(integer) n=4000(integer)\n"
        "bytes=5000(integer)\n");
}

TEST_CASE("a positional row that fails stores nothing") {
  Rig rig = lua_rig(R"(
    return { reads = { "a:integer" }, writes = { "x:integer", "y:text" },
      row = function(a) if a == 1 then error("one") end return true, a, a == 2 and 17 or "fine" end })");
  rig.row({{"a", number(0)}}).row({{"a", number(1)}}).row({{"a", number(2)}}).row({{"a", number(3)}});
  rig.run();
  CHECK(rig.faults() == std::vector<int>{1, 2});
  CHECK(rig.show_all() ==
        "a=0(integer) x=0(integer) y=\"fine\"(text)\na=1(integer)\na=2(integer)\n"
        "a=3(integer) x=3(integer) y=\"fine\"(text)\n");
}

TEST_CASE("a value of another type than the declared one is counted and not shown") {
  Rig rig = lua_rig(R"(
    return { reads = { "?a:integer", "?b:text" }, writes = { "r:text" },
      row = function(a, b) return true, type(a) .. " " .. type(b) end })");
  rig.row({{"a", text("1")}, {"b", number(1)}}).row({{"a", Cell::of_null()}, {"b", text("1")}});
  rig.row({{"a", Cell::of_unsigned(1)}, {"b", Cell::of_slice(Type::Bytes, "1")}}).run();
  CHECK(rig.cell("r", 0)->bytes() == "nil nil");
  CHECK(rig.cell("r", 1)->bytes() == "nil string");
  CHECK(rig.cell("r", 2)->bytes() == "number string");
  CHECK(rig.meter().type_faults.read() == 3);
}

TEST_CASE("texts that repeat arrive right, whatever came between") {
  Rig rig = lua_rig(R"(
    return { reads = { "?a:text" }, writes = { "b:text" }, row = function(a) return true, a and a .. "!" end })");
  const char* texts[] = {"x",
                         "x",
                         "y",
                         "x",
                         "",
                         "",
                         nullptr,
                         "x",
                         "longer than forty bytes, so it is not interned at all",
                         "longer than forty bytes, so it is not interned at all",
                         "x"};
  for (const char* t : texts) {
    t == nullptr ? rig.row("other", "z") : rig.row("a", t);
  }
  rig.run();
  for (size_t i = 0; i < std::size(texts); i++) {
    CHECK(
        (texts[i] == nullptr ? rig.cell("b", i) == nullptr : rig.cell("b", i)->bytes() == std::string(texts[i]) + "!"));
  }
}

TEST_CASE("declared removes are gone from the rows that stay") {
  Rig rig = lua_rig(R"(return { reads = { "a:integer" }, removes = { "b" }, row = function(a) return a > 0 end })");
  rig.row({{"a", number(0)}, {"b", number(1)}}).row({{"a", number(1)}, {"b", number(1)}}).run();
  CHECK(rig.show_all() == "a=1(integer)\n");
}
