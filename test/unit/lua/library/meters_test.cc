// SPDX-License-Identifier: Apache-2.0
#include "core/api/script_meters.hh"
#include "test/unit/lua/library/library_kit.hh"

using namespace stook;
using namespace stook::test;

TEST_CASE("meters of a script are those of its instance, and stay for the last report when they say something") {
  auto has = [](std::string_view part) { return script_meters_json().find(part) != std::string::npos; };
  { Rig unused = lua_rig("local c = stook.counter('unused') function filter(rec) end"); }
  CHECK_FALSE(has("unused"));
  {
    Rig rig =
        lua_rig(R"(local rows, last, size = stook.counter("rows", "seen"), stook.gauge("last"), stook.histogram("size")
                         blank = stook.counter("blank")  -- a global, so that it is not collected
                         function filter(rec) rows:add() rows:add(2) last:set(rec.n) last:add(0.5) size:add(rec.n) end)");
    for (int64_t n : {0, 3, 1000}) {
      rig.row({{"n", Cell::of_integer(n)}});
    }
    rig.run();
    REQUIRE(rig.faults().empty());
    CHECK(has(R"({"instance":"rig","name":"blank","kind":"counter","value":0})"));
  }
  CHECK_FALSE(has("blank"));
  CHECK(has(R"({"instance":"rig","name":"last","kind":"gauge","value":1000.5})"));
  CHECK(has(R"({"instance":"rig","name":"rows","kind":"counter","value":9})"));
  CHECK(has(R"({"instance":"rig","name":"size","kind":"histogram","value":3,"sum":1003.0,)"
            R"("below":{"9.5367431640625e-07":1,"4.0":1,"1024.0":1}})"));
  CHECK(script_meters_table().find("histogram rig.size = 3 values, sum 1003.0\n") != std::string::npos);
}

TEST_CASE("meters say what they do not take") {
  CHECK(value_of("stook.counter('c'):add(-1)") == "error: counter:add: -1 is less than 0; a gauge goes up and down");
  CHECK(value_of("stook.counter('c'):add(1.5)") ==
        "error: counter:add: argument 2 is a number; it would be an integer");
  CHECK(value_of("stook.gauge('g'):set(0/0)") == "error: gauge:set: argument 1 is not a number; it would be a number");
  CHECK(value_of("stook.histogram('h'):add(-0.5)").rfind("error: histogram:add: -0.5 is less than 0", 0) == 0);
  CHECK(value_of("stook.counter('9')") ==
        "error: stook.counter: '9' is no name; it has letters, digits and _, 64 at the most");
  CHECK(result_of("local c = stook.counter('x') return stook.gauge('x')") ==
        "error: stook.gauge: 'x' is a counter already");
  CHECK(value_of("stook.counter('c').add(stook.gauge('g'), 1)")
            .rfind("error: counter:add: argument 1 is a userdata", 0) == 0);
  CHECK(result_of("local all = {} for i = 1, 300 do all[i] = stook.counter('m' .. i) end").find("256 meters already") !=
        std::string::npos);
}

TEST_CASE("labels make several meters of one name") {
  Rig rig = lua_rig(R"(local a = stook.counter("by_code", "codes", {code = "2xx", host = "x"})
                       local b = stook.counter("by_code", {host = 'y"', code = "2xx"})
                       local again = stook.counter("by_code", {code = "2xx", host = "x"})
                       function filter(rec) a:add() again:add() b:add() end)");
  rig.row("in", "x").run();
  std::string json = script_meters_json();
  CHECK(json.find(R"("name":"by_code","labels":{"code":"2xx","host":"x"},"kind":"counter","value":2)") !=
        std::string::npos);
  CHECK(json.find(R"("name":"by_code","labels":{"code":"2xx","host":"y\""},"kind":"counter","value":1)") !=
        std::string::npos);
  CHECK(script_meters_table().find("counter rig.by_code{code=\"2xx\",host=\"x\"} = 2\n") != std::string::npos);
  CHECK(result_of("local c = stook.counter('z', {a = 'b'}) return stook.counter('z', {b = 'b'})") ==
        "error: stook.counter: 'z' has other labels already: z{a=\"b\"}");
  CHECK(result_of("local c = stook.counter('z', {a = 'b'}) return stook.counter('z')").find("has other labels") !=
        std::string::npos);
  CHECK(value_of("stook.counter('z', {a = 1})") ==
        "error: stook.counter: the label 'a' would be a text of at most 64 bytes");
  CHECK(value_of("stook.counter('z', {['a b'] = '1'})") ==
        "error: stook.counter: a label's name has letters, digits and _, 64 at the most");
  CHECK(value_of("stook.counter('z', 'doc', 3)").find("table expected") != std::string::npos);
}

TEST_CASE("a histogram takes any size") {
  CHECK(result_of(
            "local h = stook.histogram('h') for _, v in ipairs{0, 1e-300, 1e300, 1/0, math.maxinteger} do h:add(v) end "
            "return 1") == "1");
  check_harmless("while true do stook.counter('c' .. math.random(1, 1 << 40)) end");
}
