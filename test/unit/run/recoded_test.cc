// SPDX-License-Identifier: Apache-2.0
#include "core/run/recoded_sink.hh"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "test/unit/run/convoy.hh"

using namespace stook;
using namespace stook::test;

namespace {
constexpr int64_t second = 1'000'000'000;
using Rows = std::vector<uint64_t>;

bool ascends(const Rows& rows) {
  return std::adjacent_find(rows.begin(), rows.end(), std::greater_equal<>()) == rows.end();
}
}  // namespace

TEST_CASE("members get rows in their own format, and a row that it cannot hold is refused alone") {
  Convoy convoy("failover", 2);
  convoy.recode(4);
  convoy.porters[0].guilty = {6};
  room::enter(room::carrier);
  convoy.delivery->open();
  convoy.take(10);
  convoy.serve();
  CHECK(convoy.porters[0].rows == Rows{1, 2, 3, 5, 7, 9});
  CHECK(convoy.porters[1].rows == Rows{6});
  CHECK(convoy.meter.rows.read() == 7);
  CHECK(convoy.meter.refused_rows.read() == 3);
  CHECK(convoy.fates == std::vector<Fate>{Fate::Refused});
}

TEST_CASE("a payload of which no row can be written is refused without a question") {
  Convoy convoy("failover", 2);
  convoy.recode(1);
  room::enter(room::carrier);
  convoy.delivery->open();
  convoy.take(5);
  convoy.serve();
  CHECK(convoy.meter.refused_rows.read() == 5);
  CHECK(convoy.porters[0].asked + convoy.porters[1].asked == 0);
}

// Members refuse rows, alone or by name, fail in the midst of an offer, and come back.
TEST_CASE("members with formats of their own lose nothing, whatever they refuse and whenever they fail") {
  uint32_t seed = GENERATE(41u, 42u, 43u);
  std::string group = GENERATE("failover", "balance", "mirror");
  bool names_guilty = GENERATE(false, true);
  CAPTURE(seed, group, names_guilty);
  std::mt19937 random(seed);
  Convoy convoy(group, 3, group == "mirror" ? Convoy::Options{{"need", "3"}} : Convoy::Options{});
  convoy.recode(50);
  auto is_refused = [](uint64_t row) { return row % 50 == 0 || row % 61 == 0; };
  for (Porter& porter : convoy.porters) {
    porter.names_guilty = names_guilty;
    for (uint64_t row = 0; row < 100'000; row += 61) {
      porter.guilty.insert(row);
    }
  }
  room::enter(room::carrier);
  convoy.delivery->open();
  for (int step = 0; step < 1000; step++) {
    Porter& porter = convoy.porters[random() % 3];
    porter.is_up = random() % 2 == 0;
    porter.takes = random() % 4 == 0 ? random() % 64 : 0;
    if (convoy.delivery->has_room()) {
      convoy.take(1 + random() % 20);
    }
    Convoy::turn(static_cast<int64_t>(random() % 10) * second);
    random() % 2 == 0 ? convoy.serve() : convoy.wake();
  }
  for (Porter& porter : convoy.porters) {
    porter.is_up = true;
  }
  REQUIRE(convoy.drain());
  size_t refused = 0;
  std::vector<size_t> copies(convoy.address_of.size());
  for (const Porter& porter : convoy.porters) {
    CHECK(ascends(porter.rows));
    for (uint64_t row : porter.rows) {
      copies[row]++;
    }
  }
  for (uint64_t row = 0; row < copies.size(); row++) {
    CAPTURE(row);
    refused += is_refused(row) ? 1 : 0;
    REQUIRE((copies[row] == 0) == is_refused(row));
    REQUIRE((group != "mirror" || copies[row] == 3 || is_refused(row)));
  }
  CHECK(convoy.meter.refused_rows.read() == refused);
  CHECK(convoy.meter.rows.read() == copies.size() - refused);
}
