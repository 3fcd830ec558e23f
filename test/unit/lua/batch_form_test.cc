// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "test/unit/lua/script_kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
Cell number(int64_t value) {
  return Cell::of_integer(value);
}
}  // namespace

TEST_CASE("a batch has columns, puts values and keeps rows") {
  Rig rig = lua_rig(R"(
    local bytes, hosts, labels, keep = {}, {}, {}, {}
    return { reads = { "bytes:integer", "?host:text" }, writes = { "label:text" },
      batch = function(b)
        b:column(1, bytes)
        b:column(2, hosts)
        for i = 1, b.n do
          keep[i] = bytes[i] >= 1000
          labels[i] = hosts[i] and hosts[i] .. "!" or nil
        end
        b:keep(keep)
        b:put(1, labels)
      end })");
  rig.row({{"bytes", number(10)}, {"host", Cell::of_text("a")}});
  rig.row({{"bytes", number(1000)}, {"host", Cell::of_text("b")}});
  rig.row({{"host", Cell::of_text("not seen")}});
  rig.row({{"bytes", Cell::of_text("of another type")}});
  rig.row({{"bytes", number(2000)}});
  rig.row({{"bytes", number(3000)}, {"host", Cell::of_text("b")}});
  rig.run();
  CHECK(rig.faults().empty());
  CHECK(rig.show_all() ==
        "bytes=1000(integer) host=\"b\"(text) label=\"b!\"(text)\nhost=\"not seen\"(text)\n"
        "bytes=\"of another type\"(text)\nbytes=2000(integer)\n"
        "bytes=3000(integer) host=\"b\"(text) label=\"b!\"(text)\n");
  CHECK(rig.meter().disposed.read() == 1);
  CHECK(rig.meter().type_faults.read() == 1);
}

TEST_CASE("a batch without reads sees its rows as records") {
  Rig rig = lua_rig(R"(return { batch = function(b)
      for i = 1, b.n do
        local rec = b:row(i)
        rec.double = rec.n * 2
        if rec.n == 2 then emit(rec) emit({ n = 9 }) end
      end
    end })");
  CHECK(rig.wiring().reads_all);
  rig.row({{"n", number(1)}}).row({{"n", number(2)}}).row({{"n", number(3)}}).run();
  CHECK(rig.show_all() ==
        "n=1(integer) double=2(integer)\nn=2(integer) double=4(integer)\nn=3(integer) double=6(integer)\n"
        "n=2(integer) double=4(integer)\nn=9(integer)\n");
}

TEST_CASE("a batch drops rows by their numbers and gives all of them one value") {
  Rig rig = lua_rig(R"(
    return { reads = { "n:integer" }, writes = { "m:integer", "text:text" }, batch = function(b)
      local n = b:column(1)
      for i = 1, b.n do
        if n[i] % 2 == 0 then b:drop(i) end
      end
      b:keep({ true, true, true, true, false })
      b:put(1, 7)
      b:put(2, "same")
    end })");
  for (int64_t i = 1; i <= 3; i++) {
    rig.row({{"n", number(i)}});
  }
  rig.row({{"n", number(9)}, {"text", Cell::of_slice(Type::Bytes, "before")}}).row({{"n", number(5)}});
  rig.run();
  CHECK(rig.faults().empty());
  CHECK(rig.show_all() ==
        "n=1(integer) m=7(integer) text=\"same\"(text)\nn=3(integer) m=7(integer) text=\"same\"(text)\n"
        "n=9(integer) m=7(integer) text=\"same\"(bytes)\n");
}

TEST_CASE("a batch that fails stores nothing, and all its rows fail when the script remembers") {
  Rig rig = lua_rig(R"(
    calls = 0
    return { reads = { "n:integer" }, writes = { "m:integer" }, removes = { "k" }, batch = function(b)
      b:put(1, { 1, 2, 3 })
      b:row(1).n = 7
      b:row(2).new = 7
      b:keep({})
      emit({ n = 1 })
      error("at the end")
    end })");
  for (int64_t i = 1; i <= 3; i++) {
    rig.row({{"n", number(i)}, {"k", number(i)}});
  }
  rig.run();
  CHECK(rig.faults() == std::vector<int>{0, 1, 2});
  CHECK(rig.show_all() == "n=1(integer) k=1(integer)\nn=2(integer) k=2(integer)\nn=3(integer) k=3(integer)\n");
}

TEST_CASE("a batch that fails and remembers nothing is tried row by row") {
  Rig rig = lua_rig(R"(
    local into = {}
    return { state = "none", reads = { "n:integer" }, writes = { "m:integer" }, batch = function(b)
      b:column(1, into)
      local m = {}
      for i = 1, b.n do
        if into[i] == 2 then error("two") end
        m[i] = into[i] * 10
      end
      b:put(1, m)
    end })");
  for (int64_t i = 1; i <= 4; i++) {
    rig.row({{"n", number(i)}});
  }
  rig.run();
  CHECK(rig.faults() == std::vector<int>{1});
  CHECK(rig.show_all() ==
        "n=1(integer) m=10(integer)\nn=2(integer)\nn=3(integer) m=30(integer)\nn=4(integer) m=40(integer)\n");
}

TEST_CASE("a batch has no more than it says") {
  for (const char* body : {"b:column(0)", "b:column(2)", "b:column('x')", "b:put(2, {})", "b:put(1, nil)", "b:put(1)",
                           "b:put(1, 'text')", "b:keep(1)", "b:drop(0)", "b:drop(2)", "b:drop('x')", "b:row(0)",
                           "b:row(2)", "b:put(1, { 'text' })", "b:column(1, 5)", "b.column(1)", "hold(2)", "hold()"}) {
    CAPTURE(body);
    Rig rig = lua_rig("return { reads = { 'n:integer' }, writes = { 'm:integer' }, batch = function(b) " +
                      std::string(body) + " end }");
    rig.row({{"n", number(1)}}).run();
    CHECK(rig.faults().size() == 1);
  }
  Rig rig = lua_rig(R"(
    return { reads = { "n:integer" }, writes = { "m:integer" }, batch = function(b)
      local ok = kept and pcall(kept.column, b, 1)
      kept = b
      assert(b:column(1)[1] == 1 and ok ~= false)
    end,
    tick = function(now, emit) emit({ n = pcall(kept.column, kept, 1) and 1 or 0 }) end })");
  rig.row({{"n", number(1)}}).run();
  CHECK(rig.faults().empty());
  rig.tick(1);
  CHECK(rig.show_all() == "n=0(integer)\n");
}

TEST_CASE("a batch holds rows by their numbers") {
  Rig rig = lua_rig(R"(
    local held = {}
    return { reads = { "n:integer" }, batch = function(b)
        for i, n in ipairs(b:column(1)) do if n % 2 == 0 then held[#held + 1] = hold(i) end end
      end,
      tick = function(now, emit) for _, h in ipairs(held) do h.late = true emit(h) end held = {} end })");
  for (int64_t i = 1; i <= 4; i++) {
    rig.row({{"n", number(i)}});
  }
  rig.run();
  CHECK(rig.show_all() == "n=1(integer)\nn=3(integer)\n");
  CHECK(rig.held() == 2);
  rig.tick(1);
  CHECK(rig.show_all() == "n=2(integer) late=true(boolean)\nn=4(integer) late=true(boolean)\n");
  CHECK(rig.held() == 0);
}
