// SPDX-License-Identifier: Apache-2.0
/// Conservation and order under random stalls: the scheduling protocol of the engine as a whole.
#include <catch2/catch.hpp>
#include <numeric>

#include "core/run/engine.hh"
#include "test/unit/run/world.hh"

using namespace stook;
using namespace stook::test;

namespace {

// Runs the plan to its end; afterwards everything is home and the ledger balances.
void run(const Plan& plan) {
  room::enter(room::front);
  Loop loop(true);
  Engine engine(plan, loop);
  engine.start();
  loop.run();
  CHECK(engine.finish());
  Report report = engine.report();
  INFO(report.table());
  CHECK(report.is_balanced());
  CHECK(report.rows_in_flight() == 0);
  CHECK(engine.is_all_home());
}

void check_order(const Received& received, size_t source, uint64_t count, uint64_t divisor, size_t lanes) {
  REQUIRE(received.rows.size() > source);
  std::vector<uint64_t> last(lanes, 0);
  uint64_t rows = 0;
  uint64_t out_of_order = 0;
  for (uint64_t n : received.rows[source]) {
    out_of_order += n <= last[n % lanes] ? 1 : 0;
    last[n % lanes] = n;
    rows++;
  }
  CHECK(out_of_order == 0);
  CHECK(rows == count - (divisor == 0 ? 0 : count / divisor));
}

}  // namespace

TEST_CASE("rows of three sources reach three sinks once and in order, whatever stalls") {
  size_t threads = GENERATE(1, 2, 4, 8);
  uint32_t seed = GENERATE(1u, 2u, 3u);
  CAPTURE(threads, seed);
  constexpr uint64_t count = 30000;
  World world(threads);
  Received a;
  Received b;
  Received c;
  Instance* sink_a = world.sink({.seed = seed, .most_ns = 0, .received = &a});
  Instance* sink_b = world.sink({.seed = seed + 1, .most_ns = 300'000, .received = &b});
  Instance* sink_c = world.sink({.seed = seed + 2, .most_ns = 3'000'000, .received = &c});
  Instance* third = world.filter({.divisor = 3});
  Instance* kept = world.filter({.divisor = 5, .state = State::Lane});
  world.route(world.source({.number = 0, .count = count, .seed = seed}, 2),
              {{third, sink_a}, {third, sink_b}, {sink_c}});
  world.route(world.source({.number = 1, .count = count, .seed = seed + 7}), {{kept, sink_a}, {sink_c}});
  world.route(world.source({.number = 2, .count = count, .seed = seed + 9}, 3, true), {{sink_b}});
  run(world.plan);
  check_order(a, 0, count, 3, 2);
  check_order(b, 0, count, 3, 2);
  check_order(c, 0, count, 0, 2);
  check_order(a, 1, count, 5, 1);
  check_order(c, 1, count, 0, 1);
  check_order(b, 2, count, 0, 3);
}

TEST_CASE("the last tick is sent however many ticks and bundles wait for a slow sink") {
  uint32_t seed = GENERATE(range(1u, 9u));
  CAPTURE(seed);
  World world(2);
  Received received;
  Instance* sink = world.sink({.seed = seed, .most_ns = 30'000'000, .received = &received});
  Instance* source = world.source({.count = 1'000'000'000'000});
  world.route(source, {{world.count_away({.period_ns = 100'000}), sink}});
  room::enter(room::front);
  Loop loop(true);
  Engine engine(world.plan, loop);
  engine.start();
  while (engine.report().rows_read() < 30000) {
    loop.poll();
  }
  engine.stop();
  loop.run();
  CHECK(engine.finish());
  REQUIRE(received.rows.size() == 2);  // rows of ticks, and that of the last one
  CHECK(received.rows[1].size() == 1);
  CHECK(std::accumulate(received.rows[0].begin(), received.rows[0].end(), received.rows[1][0]) ==
        engine.report().rows_read());
}

TEST_CASE("a sink that answers Again now and then loses and repeats nothing") {
  Received received;
  World world(2);
  Instance* sink = world.sink({.seed = 5, .again_every = 7, .received = &received});
  std::vector<uint64_t> acknowledged;
  world.route(world.source({.count = 3000, .acknowledged = &acknowledged}), {{sink}});
  run(world.plan);
  check_order(received, 0, 3000, 0, 1);
  CHECK(std::is_sorted(acknowledged.begin(), acknowledged.end()));
  REQUIRE(!acknowledged.empty());
  CHECK(acknowledged.back() == 3000);
}

TEST_CASE("a refused shipment is offered singly and what is refused again is counted") {
  Received received;
  World world(2);
  Instance* sink = world.sink({.seed = 5, .refuse_every = 3, .received = &received});
  world.route(world.source({.count = 20000}), {{sink}});
  room::enter(room::front);
  Loop loop(true);
  Engine engine(world.plan, loop);
  engine.start();
  loop.run();
  CHECK(engine.finish());
  Report report = engine.report();
  CHECK(report.is_balanced());
  CHECK(report.rows_dropped() > 0);
  CHECK(received.rows[0].size() + report.rows_dropped() == 20000);
  CHECK(std::is_sorted(received.rows[0].begin(), received.rows[0].end()));
  CHECK(engine.is_all_home());
}

TEST_CASE("rows that a filter keeps for later are acknowledged with the rows made of them") {
  uint32_t seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  Received fast;
  Received slow;
  std::vector<uint64_t> acknowledged;
  World world(2, 2, 1);
  Instance* late = world.delay();
  world.route(
      world.source({.count = 20000, .seed = seed, .acknowledged = &acknowledged}),
      {{late, world.sink({.received = &fast})},
       {late, world.filter({.divisor = 2}), world.sink({.seed = seed, .most_ns = 300'000, .received = &slow})}});
  run(world.plan);
  check_order(fast, 0, 20000, 0, 1);
  check_order(slow, 0, 20000, 2, 1);
  CHECK(std::is_sorted(acknowledged.begin(), acknowledged.end()));
  REQUIRE(acknowledged.size() > 20);  // all along the way, not in one go at the end
  CHECK(acknowledged.back() == 20000);
}

TEST_CASE("failed rows go where on_error says") {
  Received good;
  Received bad;
  World world(2);
  Instance* sink = world.sink({.received = &good});
  Instance* letters = world.sink({.received = &bad});
  Instance* faulty = world.filter({.divisor = 10, .has_fault = true}, OnError::Stack);
  world.route(world.source({.count = 10000}), {{faulty, sink}});
  Route& route = *world.plan.routes[0];
  Node node;
  node.instance = letters;
  node.in = route.nodes[1].in;
  node.sink = 1;
  route.sinks.push_back(letters);
  route.nodes[0].error_children.push_back(route.nodes.size());
  route.nodes.push_back(node);
  run(world.plan);
  CHECK(good.rows[0].size() == 9000);
  CHECK(bad.rows[0].size() == 1000);
}

TEST_CASE("a full sink that may drop holds nobody up and counts what it drops") {
  Received slow;
  Received fast;
  World world(2);
  Instance* drops = world.sink({.seed = 3, .most_ns = 20'000'000, .received = &slow}, Full::Drop);
  Instance* keeps = world.sink({.received = &fast});
  world.route(world.source({.count = 100000}), {{keeps}, {drops}});
  run(world.plan);
  CHECK(fast.rows[0].size() == 100000);
  CHECK(std::is_sorted(slow.rows[0].begin(), slow.rows[0].end()));
}

TEST_CASE("a filter that fails to be made ends the start with its reason") {
  World world(2);
  Received received;
  Instance* sink = world.sink({.received = &received});
  static const Plugin broken = {
      .kind = Kind::Filter, .name = "broken", .doc = "", .filter = [](const Make&) -> std::unique_ptr<Filter> {
        throw SetupError("no memory for the script");
      }};
  Instance* filter = world.filter({});
  filter->plugin = &broken;
  world.route(world.source({.count = 10}), {{filter, sink}});
  room::enter(room::front);
  Loop loop(true);
  Engine engine(world.plan, loop);
  CHECK_THROWS_WITH(engine.start(), "no memory for the script");
}

TEST_CASE("ticks come in order with the rows, and a last one after all of them") {
  Received received;
  World world(2);
  Instance* sink = world.sink({.received = &received});
  Instance* away = world.count_away({.period_ns = 200'000});
  constexpr uint64_t count = 300000;
  world.route(world.source({.count = count}), {{away, sink}});
  run(world.plan);
  uint64_t sum = 0;
  for (auto& rows : received.rows) {
    for (uint64_t n : rows) {
      sum += n;
    }
  }
  CHECK(sum == count);
  REQUIRE(received.rows.size() == 2);
  CHECK(received.rows[1].size() == 1);
}
