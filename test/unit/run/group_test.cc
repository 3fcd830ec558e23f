// SPDX-License-Identifier: Apache-2.0
#include "core/run/group.hh"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "test/unit/run/convoy.hh"

using namespace stook;
using namespace stook::test;

namespace {
constexpr int64_t second = 1'000'000'000;
using Rows = std::vector<uint64_t>;

Rows numbers(uint64_t begin, uint64_t end) {
  Rows rows;
  for (uint64_t n = begin; n < end; n++) {
    rows.push_back(n);
  }
  return rows;
}

void open(Convoy& convoy) {
  room::enter(room::carrier);
  convoy.delivery->open();
}

void send(Convoy& convoy, size_t rows) {
  convoy.take(rows);
  convoy.serve();
}

bool ascends(const Rows& rows) {
  return std::adjacent_find(rows.begin(), rows.end(), std::greater_equal<>()) == rows.end();
}

// How many members have each row, and how many have it for good.
struct Tally {
  std::vector<size_t> copies;
  std::vector<size_t> kept;
  explicit Tally(const Convoy& convoy) : copies(convoy.address_of.size()), kept(copies) {
    for (const Porter& porter : convoy.porters) {
      for (uint64_t row : porter.rows) {
        copies[row]++;
        kept[row] += porter.torn.count(row) == 0 ? 1 : 0;
      }
    }
  }
  size_t missing() const { return static_cast<size_t>(std::count(copies.begin(), copies.end(), 0)); }
  size_t most_kept() const { return kept.empty() ? 0 : *std::max_element(kept.begin(), kept.end()); }
};

// Kills and revives members at random, a thousand times and more, and lets time go by; at the end all are up.
void shake(Convoy& convoy, std::mt19937& random, size_t addresses) {
  for (int step = 0; step < 3000; step++) {
    Porter& porter = convoy.porters[random() % convoy.porters.size()];
    porter.is_up = random() % 2 == 0;
    porter.takes = random() % 8 == 0 ? random() % 64 : 0;
    std::vector<std::string> rows(1 + random() % 20);
    for (std::string& row : rows) {
      row = addresses == 0 ? "" : "key" + std::to_string(random() % addresses);
    }
    if (convoy.delivery->has_room()) {
      convoy.take(rows);
    }
    Convoy::turn(static_cast<int64_t>(random() % 10) * second);
    random() % 2 == 0 ? convoy.serve() : convoy.wake();
  }
  for (Porter& porter : convoy.porters) {
    porter.is_up = true;
  }
  REQUIRE(convoy.drain());
}

uint64_t rows_of_members(const Convoy& convoy) {
  uint64_t rows = 0;
  for (size_t i = 0; i < convoy.porters.size(); i++) {
    rows += convoy.meter.members[i].rows.read();
  }
  return rows;
}
}  // namespace

TEST_CASE(
    "failover: the next member takes the shipment of one that fails, and the first is used again after fail_back") {
  Convoy convoy("failover", 3);
  open(convoy);
  send(convoy, 2);
  convoy.porters[0].is_up = false;
  send(convoy, 2);
  CHECK(convoy.porters[0].rows == numbers(0, 2));
  CHECK(convoy.porters[1].rows == numbers(2, 4));
  CHECK(convoy.meter.members[0].is_failing.read() == 1);
  CHECK(convoy.meter.members[1].users.read() == 1);
  convoy.porters[0].is_up = true;
  convoy.turn(29 * second);
  send(convoy, 2);
  CHECK(convoy.porters[1].rows == numbers(2, 6));
  convoy.turn(second);
  send(convoy, 2);
  CHECK(convoy.porters[0].rows == Rows{0, 1, 6, 7});
  CHECK(convoy.porters[2].asked == 0);
  CHECK(convoy.meter.members[0].users.read() == 1);
  CHECK(convoy.meter.members[1].users.read() == 0);
  CHECK(convoy.meter.retries.read() == 0);
}

TEST_CASE("failover: a member that fails soon after it came back is left alone for twice the time") {
  Convoy convoy("failover", 2, {{"fail_back", "10s"}});
  open(convoy);
  auto fail_once = [&] {
    convoy.porters[0].is_up = false;
    send(convoy, 1);
    convoy.porters[0].is_up = true;
  };
  auto seconds_until_used = [&] {
    for (int i = 0;; i++) {
      size_t before = convoy.porters[0].rows.size();
      send(convoy, 1);
      if (convoy.porters[0].rows.size() > before) {
        return i;
      }
      convoy.turn(second);
    }
  };
  fail_once();
  CHECK(seconds_until_used() == 10);
  fail_once();
  CHECK(seconds_until_used() == 20);
  convoy.turn(19 * second);
  fail_once();
  CHECK(seconds_until_used() == 40);
  convoy.turn(41 * second);
  fail_once();
  CHECK(seconds_until_used() == 10);
  for (int most : {20, 40, 80, 160, 160}) {
    fail_once();
    CHECK(seconds_until_used() == most);
  }
}

TEST_CASE("failover: with fail_back = never whoever works stays in use") {
  Convoy convoy("failover", 2, {{"fail_back", "never"}});
  open(convoy);
  convoy.porters[0].is_up = false;
  send(convoy, 1);
  convoy.porters[0].is_up = true;
  convoy.turn(100'000 * second);
  send(convoy, 1);
  CHECK(convoy.porters[1].rows == numbers(0, 2));
  convoy.porters[1].is_up = false;
  send(convoy, 1);
  CHECK(convoy.porters[0].rows == numbers(2, 3));
}

TEST_CASE("failover: last takes what all others do not, and gives way when one of them works") {
  std::string fail_back = GENERATE("30s", "never");
  CAPTURE(fail_back);
  Convoy convoy("failover", 3, {{"last", "c"}, {"fail_back", fail_back}});
  open(convoy);
  convoy.porters[0].is_up = false;
  convoy.porters[1].is_up = false;
  send(convoy, 2);
  send(convoy, 2);
  CHECK(convoy.porters[2].rows == numbers(0, 4));
  CHECK(convoy.porters[0].asked == 1);
  convoy.porters[1].is_up = true;
  convoy.turn(31 * second);
  send(convoy, 2);
  CHECK(convoy.porters[1].rows == numbers(4, 6));
  convoy.porters[1].is_up = false;
  convoy.porters[2].is_up = false;
  send(convoy, 2);
  CHECK(!convoy.delivery->is_idle());
  convoy.porters[0].is_up = true;
  CHECK(convoy.drain());
  CHECK(convoy.porters[0].rows == numbers(6, 8));
}

TEST_CASE("failover: while all fail the rows wait, and whoever comes back first has them") {
  Convoy convoy("failover", 2);
  open(convoy);
  convoy.porters[0].is_up = false;
  convoy.porters[1].is_up = false;
  send(convoy, 3);
  for (int i = 0; i < 50; i++) {
    convoy.wake();
  }
  CHECK(convoy.fates.empty());
  convoy.porters[1].is_up = true;
  convoy.wake();
  CHECK(convoy.porters[1].rows == numbers(0, 3));
  CHECK(convoy.fates == std::vector<Fate>{Fate::Done});
}

TEST_CASE("a member that does not open is failing; a group of such members does not open") {
  Convoy convoy("failover", 2);
  convoy.porters[0].opens = false;
  open(convoy);
  send(convoy, 1);
  CHECK(convoy.porters[1].rows == numbers(0, 1));
  convoy.porters[0].opens = true;
  convoy.turn(30 * second);
  send(convoy, 1);
  CHECK(convoy.porters[0].rows == numbers(1, 2));
  Convoy closed("balance", 2);
  closed.porters[0].opens = false;
  closed.porters[1].opens = false;
  CHECK_THROWS_WITH(open(closed), "a: it does not open; b: it does not open");
}

TEST_CASE("a row that one member refuses goes to the next, and its neighbours stay where they are") {
  Convoy convoy("failover", 2);
  convoy.porters[0].guilty = {5};
  open(convoy);
  send(convoy, 9);
  CHECK(convoy.porters[0].rows == Rows{0, 1, 2, 3, 4, 6, 7, 8});
  CHECK(convoy.porters[1].rows == Rows{5});
  CHECK(convoy.meter.rows.read() == 9);
  convoy.porters[1].guilty = convoy.porters[0].guilty = {12};
  send(convoy, 9);
  CHECK(convoy.meter.rows.read() == 17);
  CHECK(convoy.meter.refused_rows.read() == 1);
}

TEST_CASE("what a member takes beside rows that it names is not offered again, and these go to the next") {
  Convoy convoy("failover", 2);
  convoy.porters[0].guilty = {2, 5, 12};
  convoy.porters[1].guilty = {12};
  convoy.porters[0].names_guilty = true;
  open(convoy);
  send(convoy, 9);
  CHECK(convoy.porters[0].rows == Rows{0, 1, 3, 4, 6, 7, 8});
  CHECK(convoy.porters[1].rows == Rows{2, 5});
  CHECK(convoy.porters[0].asked == 1);
  CHECK(convoy.meter.rows.read() == 9);
  send(convoy, 9);
  CHECK(convoy.porters[0].rows.size() == 15);
  CHECK(convoy.meter.rows.read() == 17);
  CHECK(convoy.meter.refused_rows.read() == 1);
  CHECK(rows_of_members(convoy) == 17);
  CHECK(convoy.porters[0].asked == 2);
}

TEST_CASE("mirror: a row that a member names is missed by that member alone") {
  Convoy convoy("mirror", 2);
  convoy.porters[0].guilty = {2, 5};
  convoy.porters[1].guilty = {5};
  convoy.porters[0].names_guilty = true;
  open(convoy);
  send(convoy, 9);
  CHECK(convoy.porters[0].rows == Rows{0, 1, 3, 4, 6, 7, 8});
  CHECK(convoy.porters[1].rows == Rows{0, 1, 2, 3, 4, 6, 7, 8});
  CHECK(convoy.porters[0].asked == 1);
  CHECK(convoy.meter.rows.read() == 8);
  CHECK(convoy.meter.refused_rows.read() == 1);
  CHECK(convoy.meter.members[0].missed_rows.read() == 1);
}

TEST_CASE("a member that refuses everything fails; when all do, or last does, rows are refused at once") {
  Convoy convoy("failover", 2);
  convoy.porters[0].refuses_all = true;
  open(convoy);
  send(convoy, 3);
  CHECK(convoy.porters[1].rows == numbers(0, 3));
  convoy.porters[1].refuses_all = true;
  send(convoy, 3);
  CHECK(convoy.meter.refused_rows.read() == 3);
  CHECK(convoy.porters[1].asked == 2);
}

TEST_CASE("failover: members killed and revived at random lose nothing, and repeat what they had taken in part") {
  uint32_t seed = GENERATE(1u, 2u, 3u, 4u);
  bool has_last = GENERATE(false, true);
  CAPTURE(seed, has_last);
  std::mt19937 random(seed);
  Convoy convoy("failover", 3, has_last ? Convoy::Options{{"last", "c"}} : Convoy::Options{});
  open(convoy);
  shake(convoy, random, 0);
  Tally tally(convoy);
  CHECK(tally.missing() == 0);
  CHECK(tally.most_kept() == 1);
  for (const Porter& porter : convoy.porters) {
    CHECK(ascends(porter.rows));
    CHECK(porter.rows.size() > 100);
    CHECK(porter.progress.empty());
  }
  CHECK(convoy.meter.rows.read() == convoy.address_of.size());
  CHECK(rows_of_members(convoy) == convoy.address_of.size());
  CHECK(std::count(convoy.fates.begin(), convoy.fates.end(), Fate::Done) == static_cast<long>(convoy.fates.size()));
}

TEST_CASE("start_by spreads values over the members and keeps each with its own while that one works") {
  Convoy convoy("failover", 3, {{"start_by", "host"}});
  open(convoy);
  std::vector<std::string> rows;
  for (int i = 0; i < 900; i++) {
    rows.push_back("host" + std::to_string(i % 300));
  }
  convoy.take(rows);
  convoy.serve();
  convoy.take(rows);
  convoy.serve();
  std::map<std::string, std::set<size_t>> members;
  for (size_t i = 0; i < 3; i++) {
    CHECK(convoy.porters[i].rows.size() > 400);
    CHECK(ascends(convoy.porters[i].rows));
    for (uint64_t row : convoy.porters[i].rows) {
      members[convoy.address_of[row]].insert(i);
    }
  }
  CHECK(std::all_of(members.begin(), members.end(), [](auto& one) { return one.second.size() == 1; }));
  CHECK(members.size() == 300);
  size_t of_first = convoy.porters[0].rows.size();
  convoy.porters[0].is_up = false;
  convoy.take(rows);
  convoy.serve();
  CHECK(convoy.delivery->is_idle());
  CHECK(convoy.porters[0].rows.size() == of_first);
  CHECK(Tally(convoy).missing() == 0);
  CHECK(convoy.meter.rows.read() == 2700);
}

TEST_CASE("start_by: members killed and revived at random lose nothing, and each value keeps its order") {
  uint32_t seed = GENERATE(11u, 12u, 13u);
  bool names_guilty = GENERATE(false, true);
  bool has_guilty = GENERATE(false, true);
  CAPTURE(seed, has_guilty, names_guilty);
  std::mt19937 random(seed);
  Convoy convoy("failover", 3, {{"start_by", "host"}});
  size_t guilty = 0;
  for (uint64_t row = 0; has_guilty && row < 100'000; row += 101) {
    for (Porter& porter : convoy.porters) {
      porter.guilty.insert(row);
      porter.names_guilty = names_guilty;
    }
  }
  open(convoy);
  shake(convoy, random, 20);
  guilty = has_guilty ? (convoy.address_of.size() + 100) / 101 : 0;
  Tally tally(convoy);
  CHECK(tally.missing() == guilty);
  CHECK(tally.most_kept() == 1);
  CHECK(convoy.meter.refused_rows.read() == guilty);
  CHECK(convoy.meter.rows.read() == convoy.address_of.size() - guilty);
  for (const Porter& porter : convoy.porters) {
    std::map<std::string, Rows> by_key;
    for (uint64_t row : porter.rows) {
      by_key[convoy.address_of[row]].push_back(row);
    }
    for (auto& [key, rows] : by_key) {
      CHECK(ascends(rows));
    }
  }
}

TEST_CASE("balance: shipments go round, past members that fail") {
  Convoy convoy("balance", 3);
  open(convoy);
  for (int i = 0; i < 6; i++) {
    send(convoy, 1);
  }
  CHECK(convoy.porters[0].rows == Rows{0, 3});
  CHECK(convoy.porters[1].rows == Rows{1, 4});
  CHECK(convoy.porters[2].rows == Rows{2, 5});
  convoy.porters[1].is_up = false;
  for (int i = 0; i < 6; i++) {
    send(convoy, 1);
  }
  CHECK(convoy.porters[1].asked == 3);
  CHECK(convoy.meter.rows.read() == 12);
  CHECK(Tally(convoy).missing() == 0);
}

TEST_CASE("balance: members killed and revived at random lose nothing, refused rows among them") {
  uint32_t seed = GENERATE(21u, 22u, 23u);
  bool names_guilty = GENERATE(false, true);
  CAPTURE(seed, names_guilty);
  std::mt19937 random(seed);
  Convoy convoy("balance", 3);
  for (uint64_t row = 0; row < 100'000; row += 101) {
    for (Porter& porter : convoy.porters) {
      porter.guilty.insert(row);
      porter.names_guilty = names_guilty;
    }
  }
  open(convoy);
  shake(convoy, random, 0);
  size_t guilty = (convoy.address_of.size() + 100) / 101;
  Tally tally(convoy);
  CHECK(tally.missing() == guilty);
  CHECK(tally.most_kept() == 1);
  CHECK(convoy.meter.refused_rows.read() == guilty);
  CHECK(convoy.meter.rows.read() == convoy.address_of.size() - guilty);
  for (const Porter& porter : convoy.porters) {
    CHECK(ascends(porter.rows));
    CHECK(porter.rows.size() > 100);
  }
}

TEST_CASE("mirror: a member that fails holds up the others for wait, then they go on and it misses rows") {
  Convoy convoy("mirror", 2, {{"wait", "5s"}});
  open(convoy);
  send(convoy, 2);
  convoy.porters[1].is_up = false;
  send(convoy, 2);
  CHECK(convoy.porters[0].rows == numbers(0, 4));
  CHECK(convoy.fates.size() == 1);
  convoy.turn(5 * second);
  convoy.serve();
  CHECK(convoy.fates.size() == 2);
  send(convoy, 2);
  CHECK(convoy.fates.size() == 3);
  convoy.porters[1].is_up = true;
  convoy.turn(60 * second);
  send(convoy, 2);
  CHECK(convoy.porters[0].rows == numbers(0, 8));
  CHECK(convoy.porters[1].rows == Rows{0, 1, 6, 7});
  CHECK(convoy.meter.members[1].missed_rows.read() == 4);
  CHECK(convoy.meter.rows.read() == 8);
}

TEST_CASE("mirror: a short failure costs no member a row") {
  Convoy convoy("mirror", 2);
  open(convoy);
  convoy.porters[1].is_up = false;
  send(convoy, 5);
  convoy.porters[1].is_up = true;
  CHECK(convoy.drain());
  CHECK(convoy.porters[0].rows == numbers(0, 5));
  CHECK(convoy.porters[1].rows == numbers(0, 5));
}

TEST_CASE("mirror: members killed and revived at random get every row once, or count what they miss") {
  uint32_t seed = GENERATE(31u, 32u, 33u);
  bool names_guilty = GENERATE(false, true);
  std::string need = GENERATE("1", "2", "3");
  CAPTURE(seed, need, names_guilty);
  std::mt19937 random(seed);
  Convoy convoy("mirror", 3, {{"need", need}, {"fail_back", "20s"}});
  for (uint64_t row = 0; row < 100'000; row += 101) {
    for (Porter& porter : convoy.porters) {
      porter.guilty.insert(row);
      porter.names_guilty = names_guilty;
    }
  }
  open(convoy);
  shake(convoy, random, 0);
  size_t all = convoy.address_of.size();
  size_t guilty = (all + 100) / 101;
  CHECK(convoy.meter.refused_rows.read() == guilty);
  CHECK(convoy.meter.rows.read() == all - guilty);
  Tally tally(convoy);
  size_t short_of = 0;
  for (size_t row = 0; row < all; row++) {
    short_of += tally.copies[row] < std::stoul(need) ? 1 : 0;
  }
  CHECK(short_of == guilty);
  for (size_t i = 0; i < 3; i++) {
    CHECK(ascends(convoy.porters[i].rows));
    CHECK(convoy.meter.members[i].rows.read() + convoy.meter.members[i].missed_rows.read() == all - guilty);
    CHECK((need != "3" || convoy.porters[i].rows.size() == all - guilty));
  }
}

TEST_CASE("mirror: a row that a member refuses is missed by that member alone") {
  Convoy convoy("mirror", 2);
  convoy.porters[1].guilty = {3};
  open(convoy);
  send(convoy, 8);
  CHECK(convoy.porters[0].rows == numbers(0, 8));
  CHECK(convoy.porters[1].rows == Rows{0, 1, 2, 4, 5, 6, 7});
  CHECK(convoy.meter.rows.read() == 8);
  CHECK(convoy.meter.members[1].missed_rows.read() == 1);
}
