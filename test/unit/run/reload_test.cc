// SPDX-License-Identifier: Apache-2.0
/// Reloads while rows flow: what stays is not touched, nothing is lost or repeated, a failure changes nothing.
#include "core/run/reload.hh"

#include <catch2/catch.hpp>
#include <deque>
#include <filesystem>
#include <functional>
#include <random>

#include "core/run/engine.hh"
#include "test/unit/run/world.hh"

using namespace stook;
using namespace stook::test;

namespace {

constexpr uint64_t without_end = 1'000'000'000'000;

// Runs an engine and calls `next` whenever no reload is under way: it begins one, or stops the engine.
class Player {
 public:
  explicit Player(World& world) : loop(true), engine(take(world), loop) { room::enter(room::front); }

  static std::shared_ptr<Plan> take(World& world) { return std::make_shared<Plan>(std::move(world.plan)); }

  void play(std::function<void()> next) {
    next_ = std::move(next);
    engine.start();
    timer_.on_time<&Player::on_time>(loop, this, 1'000'000, 1'000'000);
    loop.run();
    CHECK(engine.finish());
    Report report = engine.report();
    INFO(report.table());
    CHECK(report.is_balanced());
    CHECK(report.rows_in_flight() == 0);
    CHECK(engine.is_all_home());
  }
  // One reload in the middle, and the stop, each when its time has come.
  void play(World& second, std::function<bool()> may_reload, std::function<bool()> may_stop) {
    bool was_reloaded = false;
    play([&, may_reload = std::move(may_reload), may_stop = std::move(may_stop)] {
      if (was_reloaded && may_stop()) {
        engine.stop();
      } else if (!was_reloaded && may_reload()) {
        was_reloaded = true;
        reload(second);
      }
    });
  }
  // Whether rows have been delivered, or taken away by a filter.
  bool has_delivered() const {
    Report report = engine.report();
    return report.rows_read() > report.rows_in_flight() + report.rows_dropped();
  }
  void reload(World& world) {
    engine.reload().begin(take(world), [this](const std::string& failure) { failures.push_back(failure); });
  }

  Loop loop;
  Engine engine;
  std::vector<std::string> failures;

 private:
  void on_time() {
    if (!engine.reload().is_running() && !engine.is_stopping()) {
      next_();
    }
  }
  std::function<void()> next_;
  Watcher timer_;
};

// Rows of a source are 1, 2, 3, … without a gap.
void check_complete(const Received& received, size_t source, size_t lanes = 1) {
  REQUIRE(received.rows.size() > source);
  std::vector<uint64_t> next(lanes, 0);
  uint64_t wrong = 0;
  for (uint64_t n : received.rows[source]) {
    uint64_t& last = next[n % lanes];
    wrong += last != 0 && n != last + lanes ? 1 : 0;
    wrong += last == 0 && n > lanes ? 1 : 0;
    last = n;
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("thirty reloads at random lose, repeat and reorder nothing") {
  uint32_t seed = GENERATE(1u, 2u, 3u, 4u);
  size_t threads = GENERATE(1, 2, 4);
  CAPTURE(seed, threads);
  std::mt19937 random(seed);
  std::vector<uint64_t> acknowledged;
  std::deque<Received> others;
  Received all;
  std::vector<size_t> passing;
  World first(threads);
  Instance* source = first.source({.count = without_end, .seed = seed, .acknowledged = &acknowledged}, 2);
  Instance* sink = first.sink({.seed = seed, .most_ns = 100'000, .received = &all});
  Instance* filter = first.filter({.divisor = 0});
  first.route(source, {{filter, sink}});
  std::deque<std::vector<std::shared_ptr<Instance>>> kept = {first.plan.instances};
  Player player(first);
  size_t reloads = 0;
  player.play([&] {
    if (reloads++ == 30) {
      player.engine.stop();
      return;
    }
    World world(random() % 8 == 0 ? 1 + random() % 4 : threads, 2 + random() % 8, 1 + random() % 4);
    world.plan.instances = kept.back();
    bool is_filter_new = random() % 2 == 0;
    if (is_filter_new) {
      filter = world.filter({.divisor = 0, .state = random() % 3 == 0 ? State::Lane : State::None});
    }
    std::vector<std::vector<Instance*>> chains = {{filter, sink}};
    if (random() % 3 == 0) {
      chains.push_back({world.filter({.divisor = 3}), world.sink({.received = &others.emplace_back()})});
    }
    world.route(source, chains);
    if (random() % 2 == 0) {
      size_t number = 1 + passing.size();
      passing.push_back(number);
      world.route(world.source({.number = number, .count = without_end, .seed = seed}, 1, random() % 3 == 0), {{sink}});
    }
    // What the next world may keep: the source, the sink and the newest filter.
    std::vector<std::shared_ptr<Instance>> keep;
    for (auto& one : world.plan.instances) {
      if (one.get() == source || one.get() == sink || one.get() == filter) {
        keep.push_back(one);
      }
    }
    kept.push_back(keep);
    kept.pop_front();
    player.reload(world);
  });
  CHECK(player.failures == std::vector<std::string>(30, ""));
  check_complete(all, 0, 2);
  REQUIRE(!acknowledged.empty());
  CHECK(std::max(acknowledged.back(), acknowledged[acknowledged.size() - 2]) == all.rows[0].size());
  for (size_t number : passing) {
    if (all.rows.size() > number && !all.rows[number].empty()) {
      check_complete(all, number);
    }
  }
}

TEST_CASE("reloads that give a sink a spool, another one and none lose, repeat and reorder nothing") {
  uint32_t seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  std::mt19937 random(seed);
  char made[] = "/tmp/stook-unit-XXXXXX";
  const std::string folder = mkdtemp(made);
  Received received;
  auto sink_of = [&](World& world) {
    Instance* sink = world.sink({.seed = seed, .most_ns = 100'000, .received = &received});
    sink->id = "out";
    const char* names[] = {"", "/one", "/two"};
    const std::string name = names[random() % 3];
    sink->spool.folder = name.empty() ? "" : folder + name;
    return sink;
  };
  World first(2);
  Instance* source = first.source({.count = without_end, .seed = seed});
  first.route(source, {{sink_of(first)}});
  std::shared_ptr<Instance> kept = first.plan.instances.front();
  Player player(first);
  size_t reloads = 0;
  player.play([&] {
    if (reloads == 30) {
      player.engine.stop();
      return;
    }
    if (random() % 4 == 0) {
      return;  // a moment in which a spool may be left
    }
    reloads++;
    World world(2);
    world.plan.instances = {kept};
    world.route(source, {{sink_of(world)}});
    player.reload(world);
  });
  CHECK(player.failures == std::vector<std::string>(30, ""));
  check_complete(received, 0);
  CHECK(player.engine.report().rows_dropped() == 0);
  std::filesystem::remove_all(folder);
}

TEST_CASE("a reload that cannot build what is new changes nothing") {
  int what = GENERATE(0, 1, 2);
  CAPTURE(what);
  Received received;
  Received other;
  World first(2);
  Instance* source = first.source({.count = without_end});
  Instance* sink = first.sink({.received = &received});
  first.route(source, {{sink}});
  World second(2);
  second.plan.instances = first.plan.instances;
  static const Plugin broken = {
      .kind = Kind::Filter, .name = "broken", .doc = "", .filter = [](const Make&) -> std::unique_ptr<Filter> {
        throw SetupError("no memory for the script");
      }};
  Instance* filter = second.filter({.divisor = 2});
  filter->plugin = what == 0 ? &broken : filter->plugin;
  second.route(source, {{filter, second.sink({.is_broken = what == 1, .received = &other})}});
  Instance* added = second.source({.is_broken = what == 2, .number = 1, .count = without_end});
  std::string id = added->id;  // the plan goes with the reload
  second.route(added, {{sink}});
  Player player(first);
  auto has_delivered = [&] { return player.has_delivered(); };
  player.play(second, has_delivered, has_delivered);
  const std::string reasons[] = {"no memory for the script", "the sink of the test does not open",
                                 "[" + id + "] the source of the test does not start"};
  CHECK(player.failures == std::vector<std::string>{reasons[what]});
  check_complete(received, 0);
  CHECK(other.rows.empty());
  CHECK(received.rows.size() == 1);
  CHECK(player.engine.report().lines.size() >= 3);
}

TEST_CASE("a blocked sink that goes away drops what it holds, and the reload goes on") {
  Received received;
  World first(2);
  first.plan.settings.stop_timeout.ns = 50'000'000;
  Instance* source = first.source({.count = without_end});
  first.route(source, {{first.sink({.is_blocked = true})}});
  World second(2);
  second.plan.settings.stop_timeout.ns = 50'000'000;
  second.plan.instances = first.plan.instances;
  second.route(source, {{second.sink({.received = &received})}});
  Player player(first);
  player.play(
      second, [&] { return player.engine.report().rows_in_flight() > 0; }, [&] { return player.has_delivered(); });
  CHECK(player.failures == std::vector<std::string>{""});
  uint64_t dropped = player.engine.report().rows_dropped();
  CHECK(dropped > 0);
  REQUIRE(!received.rows.empty());
  CHECK(received.rows[0].front() == dropped + 1);
}

TEST_CASE("a blocked sink that stays is no reason to drop: the reload fails and says so") {
  Received received;
  World first(2);
  first.plan.settings.stop_timeout.ns = 50'000'000;
  Instance* source = first.source({.count = without_end});
  Instance* sink = first.sink({.is_blocked = true});
  first.route(source, {{sink}});
  World second(2);
  second.plan.settings.stop_timeout.ns = 50'000'000;
  second.plan.instances = first.plan.instances;
  second.route(source, {{second.filter({}), sink}});
  Player player(first);
  size_t turns = 0;
  room::enter(room::front);
  player.engine.start();
  while (player.failures.empty()) {
    if (turns++ == 5) {
      player.reload(second);
    }
    player.loop.poll();
  }
  CHECK(player.failures[0].find("takes nothing: rows on their way were not delivered within 50 ms") !=
        std::string::npos);
  CHECK(player.engine.report().rows_dropped() == 0);
  player.engine.abandon();
  CHECK_FALSE(player.engine.finish());
}

TEST_CASE("a route that is not changed keeps its threads, sinks and counters") {
  Received a;
  Received b;
  World first(2);
  std::vector<uint64_t> acknowledged_a;
  std::vector<uint64_t> acknowledged_b;
  Instance* source_a = first.source({.number = 0, .count = without_end, .acknowledged = &acknowledged_a});
  Instance* source_b = first.source({.number = 1, .count = without_end, .acknowledged = &acknowledged_b});
  Instance* sink_a = first.sink({.received = &a});
  Instance* sink_b = first.sink({.received = &b});
  Instance* counting = first.count_away({});  // its memory would be gone if it were made anew
  first.route(source_a, {{counting, sink_a}});
  first.route(source_b, {{sink_b}});
  World second(2);
  second.plan.instances = first.plan.instances;
  second.route(source_a, {{counting, sink_a}});
  second.route(source_b, {{second.filter({.divisor = 0}), sink_b}});
  Player player(first);
  auto have_delivered = [&] { return !acknowledged_a.empty() && !acknowledged_b.empty(); };
  player.play(second, have_delivered, have_delivered);
  CHECK(player.engine.reload().routes_kept() == 1);
  CHECK(player.engine.reload().routes_swapped() == 1);
  CHECK(a.rows.size() == 2);  // one row of the last tick, at the end only
  CHECK(a.rows[1].size() == 1);
  check_complete(b, 1);
}
