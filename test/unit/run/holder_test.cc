// SPDX-License-Identifier: Apache-2.0
/// Who is named as the holder of the oldest row, in a running engine that is looked at as if time had passed.
#include <catch2/catch.hpp>

#include "core/base/clock.hh"
#include "core/run/engine.hh"
#include "test/unit/run/world.hh"

using namespace stook;
using namespace stook::test;

namespace {

constexpr int64_t second = 1'000'000'000;

// Feeds one row and then has nothing more, for as long as it is let.
class OneRow final : public Source {
 public:
  void start(Feed& feed) override ROOM(front) {
    Bundle* bundle = feed.bundle();
    Row row = bundle->append();
    bundle->put(feed.out(0), row, Cell::of_unsigned(1));
    bundle->put(feed.out(1), row, Cell::of_unsigned(0));
    feed.mark(0, 1, 0);
    feed.seal();
  }
  void pause() override ROOM(front) {}
  void resume() override ROOM(front) {}
  void stop() override ROOM(front) {}
};

const Plugin one_row = {.kind = Kind::Source, .name = "one_row", .doc = "", .source = [](const Make&) {
                          return std::unique_ptr<Source>(std::make_unique<OneRow>());
                        }};

// An engine with one route over one row.
struct Stage {
  Stage(World& world, const std::vector<Instance*>& chain) : source(world.source({.count = 1})), loop(true) {
    room::enter(room::front);
    source->plugin = &one_row;
    world.route(source, {chain});
    engine = std::make_unique<Engine>(world.plan, loop);
    engine->start();
  }
  // Turns the loop until the holder is of that kind, as seen ninety seconds from now.
  Standing await(Holder::Kind kind) {
    int64_t end = monotonic_ns() + 20 * second;
    Standing one;
    do {
      loop.poll();
      Standings standings = engine->standings(monotonic_ns() + 90 * second);
      one = standings.all.at(0);
      is_stalled = standings.is_stalled(one);
    } while (one.holder.kind != kind && monotonic_ns() < end);
    return one;
  }
  void finish() {
    engine->stop();
    loop.run();
    engine->finish();
  }

  Instance* source;
  Loop loop;
  std::unique_ptr<Engine> engine;
  bool is_stalled = false;
};

}  // namespace

TEST_CASE("a sink that takes nothing is the holder, with its words") {
  World world(2);
  world.plan.settings.stop_timeout.ns = 1'000'000;
  Instance* sink = world.sink({.again_every = 1});
  Instance* filter = world.filter({.divisor = 0});
  Stage stage(world, {filter, sink});
  Standing one = stage.await(Holder::Kind::Failing);
  CHECK(one.holder.kind == Holder::Kind::Failing);
  CHECK(one.holder.id == sink->id);
  CHECK(one.holder.reason == "the script of the test says so");
  CHECK(one.stack == stage.source->id + "," + filter->id + "," + sink->id);
  CHECK(one.rows == 1);
  CHECK(stage.is_stalled);
  stage.finish();
}

TEST_CASE("a filter that has not come back is the holder") {
  World world(1);
  Received received;
  Instance* sink = world.sink({.received = &received});
  Instance* filter = world.filter({.divisor = 0, .burn_ns = second / 2});
  Stage stage(world, {filter, sink});
  Standing one = stage.await(Holder::Kind::Running);
  CHECK(one.holder.kind == Holder::Kind::Running);
  CHECK(one.holder.id == filter->id);
  CHECK(stage.engine->slowest_element(monotonic_ns() + 90 * second).id == filter->id);
  stage.finish();
  CHECK(received.rows.at(0).size() == 1);
  CHECK(stage.engine->slowest_element(monotonic_ns() + 90 * second).kind == Holder::Kind::Nobody);
}

TEST_CASE("a filter that keeps rows for later is the holder when nobody else is") {
  World world(2);
  Received received;
  Instance* sink = world.sink({.received = &received});
  Instance* filter = world.delay();
  Stage stage(world, {filter, sink});
  Standing one = stage.await(Holder::Kind::Holding);
  CHECK(one.holder.kind == Holder::Kind::Holding);
  CHECK(one.holder.id == filter->id);
  CHECK(one.holder.since == one.oldest_at);
  stage.finish();
  CHECK(received.rows.at(0).size() == 1);
}

TEST_CASE("what is settled has no holder") {
  World world(2);
  Received received;
  Instance* sink = world.sink({.received = &received});
  Stage stage(world, {sink});
  int64_t end = monotonic_ns() + 20 * second;
  while (stage.engine->standings().is_out() && monotonic_ns() < end) {
    stage.loop.poll();
  }
  Standings standings = stage.engine->standings(monotonic_ns() + 3600 * second);
  CHECK(standings.stalled() == 0);
  CHECK_FALSE(standings.is_out());
  stage.finish();
}
