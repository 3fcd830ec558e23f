// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <random>

#include "core/base/clock.hh"
#include "core/run/front.hh"
#include "core/run/health.hh"
#include "core/run/ledger.hh"

using namespace stook;

namespace {

// Writes down what it is told.
class Listener final : public Source {
 public:
  void start(Feed&) override ROOM(front) {}
  void pause() override ROOM(front) {}
  void resume() override ROOM(front) {}
  void stop() override ROOM(front) {}
  void acknowledged(std::span<const Mark> marks) override ROOM(front) {
    for (const Mark& mark : marks) {
      positions.push_back(mark.position);
    }
  }
  std::vector<uint64_t> positions;
};

struct Bench {
  Bench() : loop(true), front(0, loop, notice), ledger(front, 8) {
    room::enter(room::front);
    ledger.source = &source;
  }
  Receipt* open(size_t rows, uint64_t position) {
    room::enter(room::front);
    std::vector<Mark> marks = {{1, position}};
    return ledger.open(rows, marks);
  }
  Loop loop;
  Notice notice;
  Front front;
  Ledger ledger;
  Listener source;
};

}  // namespace

TEST_CASE("main sees how old the oldest row is and when the prefix last grew") {
  room::enter(room::front);
  Bench bench;
  const LedgerMeter& meter = bench.ledger.meter;
  CHECK(meter.oldest_at.read() == 0);
  Receipt* first = bench.open(10, 100);
  int64_t opened = meter.oldest_at.read();
  CHECK(opened > 0);
  Receipt* second = bench.open(20, 200);
  CHECK(meter.oldest_at.read() == opened);
  CHECK(meter.rows_out.read() == 30);
  bench.ledger.settle(second);
  CHECK(meter.oldest_at.read() == opened);
  CHECK(meter.moved_at.read() == 0);
  bench.ledger.settle(first);
  CHECK(meter.oldest_at.read() == 0);
  CHECK(meter.moved_at.read() >= opened);
  CHECK(meter.rows_out.read() == 0);
}

TEST_CASE("a ledger stirs the vigil when something goes out, and only then") {
  room::enter(room::front);
  Bench bench;
  int looks = 0;
  Health health([&] {
    looks++;
    return Standings{};
  });
  health.start(bench.loop, 400'000'000);
  bench.front.vigil = &health.vigil;
  bench.loop.poll();
  CHECK(looks == 0);
  Receipt* receipt = bench.open(1, 1);
  int64_t end = monotonic_ns() + 10'000'000'000;
  while (looks < 2 && monotonic_ns() < end) {
    bench.loop.poll();
  }
  CHECK(looks == 2);  // the timer's, and the last one before it goes to rest
  end = monotonic_ns() + 150'000'000;
  while (monotonic_ns() < end) {
    bench.loop.poll();
  }
  CHECK(looks == 2);
  bench.ledger.settle(receipt);
}

TEST_CASE("positions move over the contiguous settled prefix only") {
  room::enter(room::front);
  Bench bench;
  Receipt* first = bench.open(10, 100);
  Receipt* second = bench.open(20, 200);
  Receipt* third = bench.open(30, 300);
  CHECK(bench.ledger.rows_out() == 60);
  bench.ledger.settle(third);
  bench.ledger.settle(second);
  CHECK(bench.source.positions.empty());
  CHECK(bench.ledger.rows_out() == 60);
  bench.ledger.settle(first);
  CHECK(bench.source.positions == std::vector<uint64_t>{100, 200, 300});
  CHECK(bench.ledger.is_settled());
  CHECK(bench.ledger.is_full());
  CHECK(bench.ledger.rows_out() == 0);
}

TEST_CASE("ticks that have come home take no place while the oldest bundle waits") {
  room::enter(room::front);
  Bench bench;
  Receipt* oldest = bench.open(1, 1);
  Receipt* second = bench.open(1, 2);
  std::vector<Mark> none;
  for (int i = 0; i < 100; i++) {
    Receipt* tick = bench.ledger.open(0, none);
    Receipt* other = bench.ledger.open(0, none);
    REQUIRE(tick != nullptr);
    REQUIRE(other != nullptr);
    bench.ledger.settle(i % 2 == 0 ? tick : other);
    bench.ledger.settle(i % 2 == 0 ? other : tick);
  }
  CHECK(bench.ledger.can_open(6));
  bench.ledger.settle(second);
  Receipt* last = bench.open(1, 3);
  bench.ledger.settle(oldest);
  bench.ledger.settle(last);
  CHECK(bench.source.positions == std::vector<uint64_t>{1, 2, 3});
  CHECK(bench.ledger.is_full());
}

TEST_CASE("while the oldest bundle waits, only as many can be opened as the ring is long") {
  room::enter(room::front);
  Bench bench;
  Receipt* oldest = bench.open(1, 1);
  for (uint64_t i = 2; i <= 8; i++) {
    Receipt* receipt = bench.open(1, i);
    REQUIRE(receipt != nullptr);
    bench.ledger.settle(receipt);
  }
  CHECK_FALSE(bench.ledger.can_open());
  CHECK(bench.open(1, 9) == nullptr);
  bench.ledger.settle(oldest);
  CHECK(bench.ledger.can_open(8));
}

TEST_CASE("any order of settling acknowledges every position once and in order") {
  room::enter(room::front);
  uint32_t seed = GENERATE(1u, 2u, 3u, 4u, 5u);
  CAPTURE(seed);
  std::mt19937 random(seed);
  Bench bench;
  std::vector<Receipt*> out;
  uint64_t next = 0;
  for (int step = 0; step < 2000; step++) {
    if (bench.ledger.can_open() && random() % 2 == 0) {
      next++;
      out.push_back(bench.open(1, next));
    } else if (!out.empty()) {
      size_t i = random() % out.size();
      bench.ledger.settle(out[i]);
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  for (Receipt* receipt : out) {
    bench.ledger.settle(receipt);
  }
  REQUIRE(bench.source.positions.size() == next);
  for (uint64_t i = 0; i < next; i++) {
    CHECK(bench.source.positions[i] == i + 1);
  }
}

TEST_CASE("the last holder of a receipt knows the worst fate") {
  Receipt receipt;
  receipt.open(nullptr, 1);
  receipt.hold();
  receipt.hold();
  CHECK_FALSE(receipt.settle(Fate::Refused));
  CHECK_FALSE(receipt.settle(Fate::Done));
  CHECK(receipt.settle(Fate::Dropped));
  CHECK(receipt.worst() == Fate::Refused);
}
