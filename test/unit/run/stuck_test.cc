// SPDX-License-Identifier: Apache-2.0
/// A sink whose call does not return: the engine ends without it, says so, and keeps the positions it has.
#include <atomic>
#include <catch2/catch.hpp>

#include "core/base/doorbell.hh"
#include "core/run/engine.hh"
#include "test/unit/run/world.hh"

using namespace stook;
using namespace stook::test;

namespace {
struct Gate {
  Doorbell bell;
  std::atomic<bool> is_open{false};
  std::atomic<bool> is_entered{false};
};

Gate& gate() {
  static Gate one;
  return one;
}

class Stuck final : public Sink {
 public:
  void open() override ROOM(carrier) {}
  Outcome deliver(Shipment) override ROOM(carrier) {
    gate().is_entered = true;
    while (!gate().is_open) {
      gate().bell.hush();
      gate().bell.wait_until(-1);
    }
    return Outcome::Done;
  }
};

// Stops the engine once the sink is in its call.
struct Stopper {
  Engine& engine;
  void look() ROOM(front) {
    if (gate().is_entered) {
      engine.stop();
    }
  }
};
}  // namespace

TEST_CASE("a sink that never returns is left behind at the stop, by name") {
  Received received;
  World world(1);
  static const Plugin stuck = {
      .kind = Kind::Sink, .name = "stuck", .doc = "", .sink = [](const Make&) -> std::unique_ptr<Sink> {
        return std::make_unique<Stuck>();
      }};
  Instance* sink = world.sink({.received = &received});
  sink->plugin = &stuck;
  std::vector<uint64_t> acknowledged;
  world.route(world.source({.count = 1000, .acknowledged = &acknowledged}), {{sink}});
  world.plan.settings.stop_timeout = Duration{1'000'000};
  room::enter(room::front);
  Loop loop(true);
  Engine engine(world.plan, loop);
  engine.start();
  Stopper stopper{engine};
  Watcher timer;
  timer.on_time<&Stopper::look>(loop, &stopper, 1'000'000, 1'000'000);
  loop.run();
  timer.stop();
  CHECK_FALSE(engine.finish());
  CHECK(engine.has_stuck_thread());
  CHECK(engine.report().is_balanced());
  CHECK(acknowledged.empty());
  gate().is_open = true;
  gate().bell.ring();
  engine.join_stuck();
}
