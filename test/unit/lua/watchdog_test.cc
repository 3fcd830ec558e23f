// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <catch2/catch.hpp>
#include <lua.hpp>
#include <memory>
#include <thread>

#include "core/lua/watchdog.hh"

using namespace stook;

namespace {
constexpr int64_t budget = 1'000'000'000;

void run_one(lua_State* state) {
  Watched watched(state, budget, "one");
  watched.enter();
  watched.leave();
}
}  // namespace

// Each time the last one goes the watchdog's thread ends, and another thread may begin the next one's at that moment.
TEST_CASE("the last state goes while the first one of another thread comes") {
  std::atomic<int> ended = 0;
  auto come_and_go = [&] {
    std::unique_ptr<lua_State, void (*)(lua_State*)> state(luaL_newstate(), lua_close);
    for (int i = 0; i < 5000; i++) {
      run_one(state.get());
    }
    ended++;
  };
  std::thread other(come_and_go);
  come_and_go();
  other.join();
  CHECK(ended == 2);
}
