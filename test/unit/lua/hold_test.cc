// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "test/unit/lua/script_kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
Cell number(int64_t value) {
  return Cell::of_integer(value);
}

// Requests wait for their answers, and go on with how long they took.
const char* const pairing = R"(
  local open = {}
  function filter(rec)
    if rec.kind == "request" then
      open[rec.id] = hold()
    else
      local request = open[rec.id]
      if request then
        request.took = rec.at - request.at
        request.at = nil
        emit(request)
        open[rec.id] = nil
      end
      return false
    end
  end)";
}  // namespace

TEST_CASE("a row is held until another one comes, and so is its bundle's receipt") {
  Rig rig = lua_rig(pairing);
  CHECK(rig.wiring().holds);
  CHECK(rig.wiring().tick > 0);
  rig.row({{"kind", Cell::of_text("request")}, {"id", number(1)}, {"at", number(10)}, {"host", Cell::of_text("web")}});
  rig.run();
  CHECK(rig.show_all().empty());
  CHECK(rig.held() == 1);
  rig.clear();
  rig.row({{"kind", Cell::of_text("answer")}, {"id", number(1)}, {"at", number(17)}}).run();
  CHECK(rig.show_all() == "kind=\"request\"(text) id=1(integer) host=\"web\"(text) took=7(integer)\n");
  CHECK(rig.held() == 0);
  CHECK(rig.meter().held.read() == 1);
  CHECK(rig.meter().appended.read() == 1);
  CHECK(rig.meter().disposed.read() == 1);
}

TEST_CASE("what is held at the end goes on, with what was changed of it, in the order in which it came") {
  Rig rig = lua_rig(R"(
    local all = {}
    function filter(rec) all[#all + 1] = hold() end
    function tick(now, emit, is_last) all[1].n = 100 end)");
  for (int64_t i = 1; i <= 3; i++) {
    rig.row({{"n", number(i)}}).run();
    rig.clear();
  }
  CHECK(rig.held() == 3);
  rig.tick(1, true);
  CHECK(rig.show_all() == "n=100(integer)\nn=2(integer)\nn=3(integer)\n");
  CHECK(rig.held() == 0);
}

TEST_CASE("a held row is exact, and its values are read and written as those of a record") {
  Rig rig = lua_rig(R"(
    local h
    function filter(rec)
      if not h then h = hold() return end
      assert(h.big == -1 and h.time == 5 and h.none == nil and h.null == stook.null and h.o[1] == 1)
      h.text = h.text .. "!"
      h.new = 1
      h.gone = nil
      assert(h.text == "t!" and h.new == 1 and h.gone == nil)
      emit(h)
      assert(not pcall(function() return h.text end))
      assert(not pcall(emit, h))
      h = nil
    end)");
  rig.row({{"big", Cell::of_unsigned(UINT64_MAX)},
           {"time", Cell::of_time(5)},
           {"null", Cell::of_null()},
           {"o", Cell::of_slice(Type::Object, {"\x91\x01", 2})},
           {"text", Cell::of_text("t")},
           {"gone", number(1)},
           {"address", Cell::of_slice(Type::Address, {"\x7f\0\0\1", 4})},
           {"e", Cell::of_text("")}});
  rig.run();
  rig.clear();
  rig.row({{"x", number(1)}}).run();
  CHECK(rig.faults().empty());
  CHECK(rig.show(0) == "x=1(integer)");
  CHECK(rig.show(1) ==
        "big=18446744073709551615(unsigned) time=5(time) null=null(null) o=\"\\x91\\x01\"(object) text=\"t!\"(text) "
        "address=\"\\x7f\\x00\\x00\\x01\"(address) e=\"\"(text) new=1(integer)");
}

TEST_CASE("a call that fails holds nothing and lets go of nothing") {
  Rig rig = lua_rig(R"(
    local h
    function filter(rec)
      if rec.n == 1 then h = hold() return end
      if rec.n == 2 then hold() error("two") end
      if rec.n == 3 then emit(h) error("three") end
      if rec.n == 4 then drop(h) error("four") end
      if rec.n == 5 then emit(h) end
    end)");
  for (int64_t i = 1; i <= 5; i++) {
    rig.row({{"n", number(i)}});
  }
  rig.run();
  CHECK(rig.faults().size() == 3);
  CHECK(rig.show_all() == "n=2(integer)\nn=3(integer)\nn=4(integer)\nn=5(integer)\nn=1(integer)\n");
  CHECK(rig.held() == 0);
}

TEST_CASE("what is dropped is acknowledged and goes nowhere; what is forgotten goes on as it came") {
  Rig rig = lua_rig(R"(
    function filter(rec)
      if rec.n == 1 then kept = hold() end
      if rec.n == 2 then drop(kept) return false end
      if rec.n == 3 then hold() end
      if rec.n == 4 then for i = 1, 10000 do local t = { i } end collectgarbage("step") return false end
    end)");
  rig.row({{"n", number(1)}}).run();
  rig.clear();
  CHECK(rig.held() == 1);
  rig.row({{"n", number(2)}}).run();
  CHECK(rig.show_all().empty());
  rig.clear();
  CHECK(rig.held() == 0);
  rig.row({{"n", number(3)}}).run();
  rig.clear();
  CHECK(rig.held() == 1);
  for (int i = 0; i < 20 && rig.held() > 0; i++) {
    rig.clear();
    rig.row({{"n", number(4)}}).run();
  }
  CHECK(rig.held() == 0);
  CHECK(rig.show_all() == "n=3(integer)\n");
}

TEST_CASE("a row is held once, and from the end of its call on") {
  Rig rig = lua_rig(R"(
    function filter(rec)
      local h = hold()
      rec.a = pcall(hold)
      rec.b = pcall(function() return h.n end)
      rec.c = pcall(emit, h)
      late = h
    end
    function tick(now, emit) emit(late) end)");
  rig.row({{"n", number(1)}}).run();
  CHECK(rig.faults().empty());
  rig.tick(1);
  CHECK(rig.show_all() == "n=1(integer) a=false(boolean) b=false(boolean) c=false(boolean)\n");
}

TEST_CASE("too many held rows are an error of the row that comes then") {
  Rig rig =
      lua_rig("all = {} function filter(rec) all[#all + 1] = hold() end", {{"memory", "256KiB"}, {"budget", "10s"}});
  for (int i = 0; i < 20 && rig.faults().empty(); i++) {
    rig.clear();
    for (int k = 0; k < 200; k++) {
      rig.row(
          {{"n", number(k)}, {"text", Cell::of_text(std::string_view("a text of some length ................", 38))}});
    }
    rig.run();
  }
  CHECK_FALSE(rig.faults().empty());
}
