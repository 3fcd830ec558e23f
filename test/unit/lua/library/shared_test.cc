// SPDX-License-Identifier: Apache-2.0
#include <thread>
#include <vector>

#include "core/lua/library/shared_values.hh"
#include "test/unit/lua/library/library_kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
SharedValue text(std::string value) {
  SharedValue made;
  made.kind = SharedValue::Kind::Text;
  made.text = std::move(value);
  return made;
}
SharedValue one() {
  SharedValue made;
  made.kind = SharedValue::Kind::Integer;
  made.integer = 1;
  return made;
}
}  // namespace

TEST_CASE("a shared dictionary is the same for every script") {
  CHECK(result_of("local d = stook.shared('same') d:set('a', 'x') d:set('b', 1.5) d:set('c', false) d:set('n', 7) "
                  "return d:get('a'), d:get('b'), d:get('c'), d:get('n'), d:get('z'), d:count()") ==
        "\"x\", 1.5, false, 7, nil, 4");
  CHECK(value_of("stook.shared('same'):get('a'), stook.shared('other'):get('a')") == "\"x\", nil");
  CHECK(result_of("local d = stook.shared('same') d:set('a', nil) return d:get('a'), d:count()") == "nil, 3");
  CHECK(result_of("local d = stook.shared('sum') return d:add('n'), d:add('n', 4), d:add('n', 0.5), d:add('m', -2)") ==
        "1, 5, 5.5, -2");
  CHECK(
      result_of("local d = stook.shared('claim') return d:claim('k'), d:claim('k'), d:get('k'), d:claim('j', 'v', 60), "
                "d:get('j')") == "true, false, true, true, \"v\"");
}

TEST_CASE("a shared dictionary says what it does not take") {
  CHECK(value_of("stook.shared('x'):set('k', {})").rfind("error: shared:set: a table cannot be shared; ", 0) == 0);
  CHECK(value_of("stook.shared('x'):set(('k'):rep(257), 1)") ==
        "error: shared:set: a key has more than 256 bytes; a hash of it would do");
  CHECK(value_of("stook.shared('x'):set('k', ('v'):rep(65537))") == "error: shared:set: a value has more than 64 KiB");
  CHECK(value_of("stook.shared('x'):set('k', 1, -1)") ==
        "error: shared:set: argument 4 would be the seconds that the value lives, more than 0");
  CHECK(value_of("stook.shared('x'):set('k', 1, 0/0)").rfind("error: ", 0) == 0);
  CHECK(result_of("local d = stook.shared('x') d:set('t', 'text') return d:add('t')") ==
        "error: shared:add: what stands there is no number, and nothing can be added to it");
  CHECK(value_of("stook.shared('')") == "error: stook.shared: a dictionary's name has 1 to 64 bytes");
}

TEST_CASE("what has expired is gone, and a counter's time begins with its first number") {
  SharedValues values;
  values.set("k", text("v"), 100, false, 1000);
  CHECK(values.get("k", 1099).text == "v");
  CHECK(values.get("k", 1100).kind == SharedValue::Kind::None);
  CHECK(values.size() == 0);
  CHECK(values.add("n", one(), 100, 1000).integer == 1);
  CHECK(values.add("n", one(), 100, 1090).integer == 2);
  CHECK(values.add("n", one(), 100, 1100).integer == 1);
  CHECK(values.set("c", text("v"), 100, true, 1000));
  CHECK_FALSE(values.set("c", text("w"), 100, true, 1099));
  CHECK(values.set("c", text("x"), 100, true, 1100));
}

TEST_CASE("when memory is short, what was used least recently goes and is counted") {
  SharedValues values;
  std::string large(60'000, 'x');
  for (int i = 0; i < 1000; i++) {
    values.set("k" + std::to_string(i), text(large), 0, false, 0);
    values.set("kept", text("v"), 0, false, 0);
  }
  CHECK(values.size() * large.size() <= SharedValues::most_memory + large.size());
  CHECK(values.size() >= 100);
  CHECK(values.get("kept", 0).text == "v");
  CHECK(values.get("k999", 0).text == large);
  CHECK(values.evicted() == 1001 - values.size());
}

TEST_CASE("threads lose no addition") {
  SharedValues values;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&values] {
      for (int k = 0; k < 20'000; k++) {
        values.add("n" + std::to_string(k % 7), one(), 0, 0);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  int64_t sum = 0;
  for (int k = 0; k < 7; k++) {
    sum += values.get("n" + std::to_string(k), 0).integer;
  }
  CHECK(sum == 80'000);
}

TEST_CASE("a script can neither fill the memory nor hold others up by shared dictionaries", "[loops]") {
  check_harmless(
      "local d = stook.shared('flood') local i = 0 while true do i = i + 1 d:set('k' .. i, ('x'):rep(60000)) end");
  check_harmless("for i = 1, 100 do stook.shared('many' .. i) end");
  check_harmless("stook.shared('x').get({}, 'k')");
  check_harmless("stook.shared('x'):set('k', setmetatable({}, {__tostring = function() while true do end end}))");
}
