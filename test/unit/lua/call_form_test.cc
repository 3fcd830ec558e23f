// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstdlib>

#include "test/unit/lua/script_kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
Cell number(int64_t value) {
  return Cell::of_integer(value);
}
Cell text(std::string_view bytes) {
  return Cell::of_text(bytes);
}

using Cells = std::vector<std::pair<std::string, Cell>>;

Rig call_rig(std::string_view body, Options options = {}, std::string_view parameters = "tag, ts, record") {
  options.emplace_back("call", "cb");
  return lua_rig("function cb(" + std::string(parameters) + ") " + std::string(body) + "\nend", options);
}

// Runs the body of a function cb over one row and shows what comes out.
std::string call(std::string_view body, const Cells& cells, Options options = {},
                 std::string_view parameters = "tag, ts, record") {
  Rig rig = call_rig(body, std::move(options), parameters);
  rig.row(cells).run();
  if (!rig.faults().empty()) {
    return "fault";
  }
  return rig.selected().empty() ? "dropped" : rig.show_all();
}
}  // namespace

TEST_CASE("the code says what becomes of the row") {
  CHECK(call("record.a = 2 return -1, ts, record", {{"a", number(1)}}) == "dropped");
  CHECK(call("record.a = 2 return 0, ts, record", {{"a", number(1)}}) == "a=1(integer)\n");
  CHECK(call("record.a = 2 return 1, ts, record", {{"a", number(1)}}) == "a=2(integer)\n");
  CHECK(call("record.a = 2 return 2, ts, record", {{"a", number(1)}}) == "a=2(integer)\n");
  CHECK(call("record.a = 2 return 2.0, 0, record", {{"a", number(1)}}) == "a=2(integer)\n");
  CHECK(call("return 2, ts, { b = 'new', a = 1.5 }", {{"a", number(1)}, {"gone", number(1)}}) ==
        "a=1.5(real) b=\"new\"(text)\n");
  CHECK(call("return 2, ts, {}", {{"a", number(1)}}) == "dropped");
  for (const char* body : {"return 3, ts, record", "return", "return nil, ts, record", "return 'x', ts, record",
                           "return 1, ts, nil", "return 2, ts, 'x'", "return 2, ts, { 1, 2 }",
                           "return 2, ts, { record, 5 }", "record.a = print return 2, ts, record", "error('x')",
                           "return 1, 1e300, record", "return 1, 0/0, record", "record[5] = 1 return 2, ts, record"}) {
    CAPTURE(body);
    CHECK(call(body, {{"a", number(1)}}) == "fault");
  }
}

TEST_CASE("the time is beside the record, exact when it is not touched") {
  int64_t ns = 1538435928310583591;
  Cells row = {{"time", Cell::of_time(ns)}, {"a", number(1)}};
  CHECK(call("record.b = record.time == nil return 1, ts, record", row) ==
        "time=1538435928310583591(time) a=1(integer) b=true(boolean)\n");
  CHECK(call("return 1, 5.25, record", row) == "time=5250000000(time) a=1(integer)\n");
  CHECK(call("return 1, -0.25, record", row) == "time=-250000000(time) a=1(integer)\n");
  CHECK(call("return 2, 5.25, record", row) == "time=1538435928310583591(time) a=1(integer)\n");
  CHECK(call("record.a = math.type(ts) .. (ts == 1538435928.310583591 and ' same' or '') return 1, ts, record", row) ==
        "time=1538435928310583591(time) a=\"float same\"(text)\n");
  Options table = {{"time_as_table", "yes"}};
  CHECK(call("record.a = ts.sec .. '.' .. ts.nsec return 1, ts, record", row, table) ==
        "time=1538435928310583591(time) a=\"1538435928.310583591\"(text)\n");
  CHECK(call("ts.nsec = ts.nsec + 1 return 1, ts, record", row, table) ==
        "time=1538435928310583592(time) a=1(integer)\n");
  CHECK(call("return 1, ts, { x = 1 }", row) == "time=1538435928310583591(time) x=1(integer)\n");
  CHECK(call("return 1, ts, record", {{"a", number(1)}}) == "a=1(integer)\n");
  CHECK(call("return 1, 7, record", {{"a", number(1)}}) == "a=1(integer) time=7000000000(time)\n");
  CHECK(call("return 1, 7, record", {{"at", Cell::of_time(5)}}, {{"time_key", "at"}}) == "at=7000000000(time)\n");
  CHECK(call("record.x = 1 return 1, 7, record", {{"at", Cell::of_time(5)}}, {{"time_key", "at"}}) ==
        "at=7000000000(time) x=1(integer)\n");
  CHECK(call("record.t = type(record.time) return 2, ts, record", {{"time", text("noon")}}) ==
        "time=\"noon\"(text) t=\"string\"(text)\n");
}

TEST_CASE("the tag is a pattern") {
  CHECK(call("return 2, ts, { tag = tag }", {{"a", number(1)}}) == "tag=\"stook\"(text)\n");
  CHECK(call("return 2, ts, { t = tag }", {{"tag", text("app.log")}}) == "t=\"app.log\"(text)\n");
  CHECK(call("return 2, ts, { t = tag }", {{"host", text("web")}}, {{"tag", "kube.$host"}}) ==
        "t=\"kube.web\"(text)\n");
  Rig rig = call_rig("return 2, ts, { t = tag }");
  for (const char* tag : {"a", "a", "b", "a", ""}) {
    rig.row({{"tag", text(tag)}});
  }
  rig.run();
  CHECK(rig.show_all() == "t=\"a\"(text)\nt=\"a\"(text)\nt=\"b\"(text)\nt=\"a\"(text)\nt=\"\"(text)\n");
}

TEST_CASE("a list of records splits the row, each part with its time") {
  std::string list(
      "\x92\x82\xa2"
      "a1\xa2"
      "aa\xa2"
      "z1\xa2"
      "zz\x81\xa2"
      "b1\xa2"
      "bb",
      21);
  Rig rig = call_rig("if record.x then return 2, ts, record.x end return 2, ts, record");
  rig.row({{"x", Cell::of_slice(Type::Object, list)}, {"time", Cell::of_time(5)}});
  rig.row({{"a3", text("aa")}});
  rig.run();
  CHECK(rig.faults().empty());
  CHECK(rig.show_all() ==
        "time=5(time) a1=\"aa\"(text) z1=\"zz\"(text)\ntime=5(time) b1=\"bb\"(text)\na3=\"aa\"(text)\n");
  CHECK(call("return 1, 7, { { a = 1 }, {}, { a = 3 } }", {{"a", number(9)}}) ==
        "a=1(integer) time=7000000000(time)\na=3(integer) time=7000000000(time)\n");
  CHECK(call("return 2, ts, { {}, { a = 2 } }", {{"a", number(9)}}) == "a=2(integer)\n");
}

TEST_CASE("null is not seen and stays, or is seen as flb_null") {
  std::string nested("\x82\xa1n\xc0\xa1k\x01", 7);
  Cells row = {{"n", Cell::of_null()}, {"o", Cell::of_slice(Type::Object, nested)}, {"a", number(1)}};
  std::string as_it_came = "n=null(null) o=\"\\x82\\xa1n\\xc0\\xa1k\\x01\"(object) a=1(integer)\n";
  CHECK(call("return 2, ts, record", row) == as_it_came);
  CHECK(call("assert(record.n == nil and record.o.n == nil) return 2, ts, record", row) == as_it_came);
  CHECK(call("record.n = nil return 2, ts, record", row) == as_it_came);
  CHECK(call("record.n = 5 record.o.n = 6 return 2, ts, record", row) ==
        "n=5(integer) o=\"\\x82\\xa1n\\x06\\xa1k\\x01\"(object) a=1(integer)\n");
  CHECK(call("record.o.k = 2 return 2, ts, record", row) ==
        "n=null(null) o=\"\\x82\\xa1n\\xc0\\xa1k\\x02\"(object) a=1(integer)\n");
  Options shown = {{"enable_flb_null", "yes"}};
  CHECK(call("assert(record.n == flb_null and record.o.n == flb_null) return 2, ts, record", row, shown) == as_it_came);
  CHECK(call("record.n = nil record.o.n = nil return 2, ts, record", row, shown) ==
        "o=\"\\x81\\xa1k\\x01\"(object) a=1(integer)\n");
  CHECK(call("record.x = flb_null return 2, ts, record", {{"a", number(1)}}) == "a=1(integer) x=null(null)\n");
}

TEST_CASE("integers, empty arrays and bytes come back as they were") {
  Cells row = {{"big", number(INT64_MAX)},
               {"u", Cell::of_unsigned(UINT64_MAX)},
               {"e", Cell::of_slice(Type::Object, {"\x90", 1})},
               {"m", Cell::of_slice(Type::Object, {"\x80", 1})},
               {"b", Cell::of_slice(Type::Bytes, {"\0\xff", 2})},
               {"t", Cell::of_time(1)}};
  CHECK(call("record.x = 1 return 2, ts, record", row) ==
        "big=9223372036854775807(integer) u=18446744073709551615(unsigned) e=\"\\x90\"(object) m=\"\\x80\"(object) "
        "b=\"\\x00\\xff\"(bytes) t=1(time) x=1(integer)\n");
}

TEST_CASE("type_int_key and type_array_key convert the keys of just that name, at any depth") {
  Options options = {{"type_int_key", "id, level"}, {"type_array_key", "tags"}};
  CHECK(call("return 2, ts, { id = 4 / 2, i = 4 / 2, idx = 2.5, level = 2.75, o = { id = 3.0, tags = {} }, tags = {} }",
             {{"a", number(1)}}, options) ==
        "i=2(real) id=2(integer) idx=2.5(real) level=2(integer) o=\"\\x82\\xa2id\\x03\\xa4tags\\x90\"(object) "
        "tags=\"\\x90\"(object)\n");
  CHECK(call("local t = {} t.t = t return 2, ts, { a = t }", {{"a", number(1)}}, options) == "fault");
}

TEST_CASE("five parameters get group and metadata, and give four results") {
  CHECK(call("return 1, ts, metadata, { g = type(group) .. type(next(group)), r = record.a }", {{"a", number(1)}}, {},
             "tag, ts, group, metadata, record") == "g=\"tablenil\"(text) r=1(integer)\n");
  CHECK(call("return 1, ts, { metadata, metadata }, { { a = 1 }, { a = 2 } }", {{"a", number(9)}}, {},
             "tag, ts, group, metadata, record") == "a=1(integer)\na=2(integer)\n");
  CHECK(call("return -1", {{"a", number(1)}}, {}, "tag, ts, group, metadata, record") == "dropped");
}

TEST_CASE("a script for fluent-bit finds its world") {
  ::setenv("STOOK_TEST_VARIABLE", "value", 1);
  CHECK(call("return 2, ts, { h = type(FLB_ENV.HOSTNAME), v = FLB_ENV.STOOK_TEST_VARIABLE, "
             "e = os.getenv('STOOK_TEST_VARIABLE'), p = os.getenv('PATH'), u = unpack({ 7 }), l = loadstring('return "
             "8')() }",
             {{"a", number(1)}}, {{"env", "STOOK_TEST_VARIABLE"}}) ==
        "e=\"value\"(text) h=\"string\"(text) l=8(integer) u=7(integer) v=\"value\"(text)\n");
}

TEST_CASE("a script for fluent-bit may have functions of any name, and a table with stook's own") {
  Rig rig = lua_rig("function tick() error('mine') end function filter() end function cb(t, ts, r) return 0 end",
                    {{"call", "cb"}});
  CHECK(rig.wiring().tick == 0);
  Rig other = lua_rig(R"(
    local least, n = 0, 0
    function cb(tag, ts, record) n = n + 1 return record.a < least and -1 or 0, ts, record end
    return { options = { least = { "integer", 5, "smallest kept" } },
      setup = function(opt) least = opt.least return { tick = function(now, emit) emit({ a = n }) end } end })",
                      {{"call", "cb"}, {"set", "least=3"}});
  CHECK(other.wiring().tick > 0);
  other.row({{"a", number(2)}}).row({{"a", number(3)}}).run();
  CHECK(other.show_all() == "a=3(integer)\n");
  other.tick(1);
  CHECK(other.show_all() == "a=2(integer)\n");
  CHECK(refusal("function other() end", {{"call", "cb"}}) == "t.lua: it defines no function cb");
}

TEST_CASE("rows with different keys stay apart") {
  Rig rig = call_rig("record.seen = true return 1, ts, record");
  rig.row({{"a", number(1)}})
      .row({{"b", text("x")}})
      .row({{"a", text("y")}, {"b", text("x")}})
      .row({{"seen", number(1)}});
  rig.run();
  CHECK(rig.show_all() ==
        "a=1(integer) seen=true(boolean)\nb=\"x\"(text) seen=true(boolean)\n"
        "a=\"y\"(text) b=\"x\"(text) seen=true(boolean)\nseen=true(boolean)\n");
}

TEST_CASE("a row that fails is as it came, and made nothing") {
  Rig rig = call_rig(
      "if record.a == 2 then return 1, 0, { { a = 5 }, { a = print } } end return 1, ts, { { a = 0 }, { a = 1 } }");
  rig.row({{"a", number(1)}}).row({{"a", number(2)}}).run();
  CHECK(rig.faults() == std::vector<int>{2});
  CHECK(rig.show_all() == "a=0(integer)\na=1(integer)\na=2(integer)\n");
}
