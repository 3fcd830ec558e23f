// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "test/unit/lua/script_kit.hh"

using namespace stook;
using namespace stook::test;

TEST_CASE("mistakes of a script are told with its name and line") {
  CHECK(refusal("function filter(rec)\n  rec.x = = 1\nend") == "t.lua:2: unexpected symbol near '='");
  CHECK(refusal("local x = nil\nx.y = 1") == "t.lua:2: attempt to index a nil value (local 'x')");
  CHECK(refusal("") == "t.lua: it neither defines function filter(rec) nor returns a table with row, filter or batch");
  CHECK(refusal("return 7") == "t.lua: it returns a number; it would return a table, or define function filter(rec)");
  CHECK(refusal("return {}") == "t.lua: it has none of the functions row, filter and batch");
  CHECK(refusal("return { row = print, filter = print }") ==
        "t.lua: it has more than one of row, filter and batch; one of them is enough");
  CHECK(refusal("return { kind = 'sink', row = print }") == "t.lua: its kind is not \"filter\"");
  CHECK(refusal("return { tack = 1, row = print }") ==
        "t.lua:1: its table has 'tack', which is none of kind, doc, options, state, reads, writes, removes, setup, "
        "every, "
        "row, filter, batch, tick, stop; did you mean 'tick'?");
  CHECK(refusal("return {\n  state = 'some', row = print }") ==
        "t.lua:2: 'some' is no state; it would be none, lane or shared");
  CHECK(refusal("return { reads = { 'a:int' }, row = print }") ==
        "t.lua:1: 'a:int' in reads: its type is none of boolean, integer, unsigned, real, time, text, bytes, address, "
        "object");
  CHECK(refusal("return {\n  row = print,\n  writes = { 'a:integr' } }") ==
        "t.lua:3: 'a:integr' in writes: its type is none of boolean, integer, unsigned, real, time, text, bytes, "
        "address, object; did you mean 'integer'?");
  CHECK(refusal("return { reads = { 1 }, row = print }") ==
        "t.lua: reads takes texts such as 'status:integer', not a number");
  CHECK(refusal("return { setup = function(opt) return 1 end }") ==
        "t.lua: setup returns a number; it would return a table with row, filter or batch");
  CHECK(refusal("return { setup = function(opt)\n error('no') end }") == "t.lua:2: no");
  CHECK(refusal("\33Lua") == "t.lua: attempt to load a binary chunk (mode is 't')");
  CHECK(refusal("return { reads = 1, row = print }") == "t.lua: reads is a number; it would be a table of texts");
}

TEST_CASE("a script that loops, bombs or breaks at start is refused", "[loops]") {
  Options quick = {{"budget", "20ms"}};
  CHECK(refusal("while true do end", quick) == "t.lua:1: stopped: it ran longer than its budget");
  CHECK(refusal("while true do pcall(function() while true do end end) end", quick) ==
        "t.lua:1: stopped: it ran longer than its budget");
  CHECK(refusal("coroutine.wrap(function() while true do end end)()", quick) ==
        "t.lua:1: stopped: it ran longer than its budget");
  CHECK(refusal("string.find(('a'):rep(30), ('a?'):rep(30) .. ('a'):rep(30) .. 'b')", quick) ==
        "t.lua:1: stopped: it ran longer than its budget");
  CHECK(refusal("return { setup = function() while true do end end }", quick) ==
        "t.lua:1: stopped: it ran longer than its budget");
  CHECK(refusal("t = {} while true do t[#t + 1] = ('x'):rep(1 << 20) end", {{"memory", "4MiB"}}) ==
        "t.lua: not enough memory");
}

TEST_CASE("a script that is not there is named") {
  CHECK_THROWS_WITH(Rig(Kind::Filter, "lua", {{"script", "none.lua"}}, "/nowhere"),
                    "the script /nowhere/none.lua cannot be opened: No such file or directory");
}

TEST_CASE("the manifest becomes the wiring") {
  Rig rig = lua_rig(R"(
    return { kind = "filter", doc = "D", state = "none", removes = { "gone" },
      reads = { "a.b:integer", "?c", "?http.host:text" }, writes = { "d:real" }, row = function() end })");
  const Wiring& wiring = rig.wiring();
  REQUIRE(wiring.reads.size() == 3);
  CHECK(wiring.reads[0].key == "a.b");
  CHECK(wiring.reads[0].type == Type::Integer);
  CHECK_FALSE(wiring.reads[0].is_optional);
  CHECK(wiring.reads[1].key == "c");
  CHECK(wiring.reads[1].type == Type::Mixed);
  CHECK(wiring.reads[2].is_optional);
  CHECK(wiring.writes.at(0).name == "d");
  CHECK(wiring.writes.at(0).type == Type::Real);
  CHECK(wiring.removes == std::vector<std::string>{"gone"});
  CHECK(wiring.state == State::None);
  CHECK_FALSE(wiring.reads_all);
  CHECK_FALSE(wiring.opens);
}

TEST_CASE("the option state wins over the script's") {
  CHECK(lua_rig("function filter(rec) end", {{"state", "none"}}).wiring().state == State::None);
  CHECK(lua_rig("return { state = 'none', row = function() end }", {{"state", "shared"}}).wiring().state ==
        State::Shared);
  CHECK(lua_rig("return { row = function() end }").wiring().state == State::Lane);
}

TEST_CASE("keys about the row are read when the option keys names them") {
  Rig rig = lua_rig("function filter(rec) rec.f = rec['file.path'] end", {{"keys", "file.path"}});
  REQUIRE(rig.wiring().reads.size() == 1);
  CHECK(rig.wiring().reads[0].key == "file.path");
  CHECK(rig.wiring().reads[0].is_optional);
}

TEST_CASE("a script's options have types, defaults and names") {
  const char* script = R"(
    return {
      options = {
        floor = { "integer", 1000, "smallest kept" }, name = { "text", nil, "who" }, wait = { "duration", "5ms", "how long" },
        big = { type = "size", default = "1KiB", doc = "much" }, on = { "boolean", true, "whether" }, f = { "real", 1, "r" },
      },
      writes = { "r:text" },
      setup = function(opt)
        local all = table.concat({ tostring(opt.floor), opt.name, tostring(opt.wait), tostring(opt.big), tostring(opt.on),
                                   tostring(opt.f) }, " ")
        return { row = function() return true, all end }
      end,
    })";
  Rig rig = lua_rig(script, {{"set", "name=x, floor = 0x10"}});
  rig.row("a", "b").run();
  CHECK(rig.cell("r")->bytes() == "16 x 5000000 1024 true 1.0");
  CHECK(refusal(script) == "t.lua: its option name is mandatory; set = name=…");
  CHECK(refusal(script, {{"set", "flor=1, name=x"}}) == "t.lua has no option 'flor'; did you mean 'floor'?");
  CHECK(refusal(script, {{"set", "name"}}) == "set takes name=value, not 'name'");
  CHECK(refusal(script, {{"set", "floor=many"}}).substr(0, 24) == "t.lua: its option floor:");
  CHECK(refusal("function filter(rec) end", {{"set", "a=1"}}) == "t.lua has no option 'a'");
}

TEST_CASE("setup may give the record form, too") {
  Rig rig = lua_rig(R"(
    return { options = { n = { "integer", 3, "n" } },
      setup = function(opt) return { filter = function(rec) rec.n = opt.n end } end })");
  rig.row("a", "b").run();
  CHECK(rig.show(0) == "a=\"b\"(text) n=3(integer)");
}
