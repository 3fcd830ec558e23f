// SPDX-License-Identifier: Apache-2.0
/// A filter that gives up: its route stands still and loses nothing more, the others go on.
#include <catch2/catch.hpp>

#include "core/run/engine.hh"
#include "test/unit/run/world.hh"

using namespace stook;
using namespace stook::test;

namespace {
// Fails every row, and gives up in the bundle in which it has failed a thousand.
class Weary final : public Filter {
 public:
  void run(Batch& batch) override ROOM(worker) {
    for (Row row : batch.rows()) {
      batch.fault(row);
    }
    failed_ += batch.rows().size();
  }
  std::string_view gave_up() const override ROOM(worker) { return failed_ >= 1000 ? "it is tired" : ""; }

 private:
  size_t failed_ = 0;
};

const Plugin weary = {.kind = Kind::Filter, .name = "weary", .doc = "", .filter = [](const Make&) {
                        return std::unique_ptr<Filter>(std::make_unique<Weary>());
                      }};
}  // namespace

TEST_CASE("a filter that gives up stops its route, by name, and no other one") {
  Received tired_out, other_out;
  World world(2);
  std::vector<uint64_t> acknowledged, other_acknowledged;
  Instance* filter = world.filter({.state = State::Shared});
  filter->plugin = &weary;
  Instance* source = world.source({.number = 0, .count = 100'000, .acknowledged = &acknowledged});
  world.route(source, {{filter, world.sink({.received = &tired_out})}});
  Instance* other = world.source({.number = 1, .count = 5000, .acknowledged = &other_acknowledged});
  world.route(other, {{world.sink({.received = &other_out})}});
  room::enter(room::front);
  Loop loop(true);
  Engine engine(world.plan, loop);
  bool is_told = false;
  engine.on_standstill([&] { is_told = true; });
  engine.start();
  // Until rows wait for the filter, and no others for anything.
  Standings standings;
  do {
    loop.poll();
    standings = engine.standings();
  } while (standings.all.at(0).holder.kind != Holder::Kind::Suspended || standings.all.at(1).is_out() ||
           other_acknowledged.empty() || other_acknowledged.back() != 5000);
  Holder holder = standings.all.at(0).holder;
  CHECK(is_told);
  engine.stop();
  loop.run();
  CHECK_FALSE(engine.finish());
  CHECK(holder.kind == Holder::Kind::Suspended);
  CHECK(holder.id == filter->id);
  CHECK(holder.reason == "it is tired");
  Report report = engine.report();
  CHECK(report.is_balanced());
  CHECK(report.rows_in_flight() > 0);
  CHECK(report.rows_dropped() >= 1000);
  CHECK(report.rows_dropped() < 100'000);
  REQUIRE_FALSE(acknowledged.empty());
  CHECK(acknowledged.back() == report.rows_dropped());  // what failed is final, what waits is not
  CHECK(other_out.rows.at(1).size() == 5000);
}
