// SPDX-License-Identifier: Apache-2.0
/// Sinks that say which rows of a shipment they refuse, and how much they want to be offered at once.
#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "test/unit/run/scripted.hh"

using namespace stook;
using namespace stook::test;

namespace {
using Texts = std::vector<std::string>;
using Ends = std::vector<std::pair<uint64_t, Fate>>;

/// Takes all rows but those whose text begins with x, and says so.
void refuse_by_name(Scenario& scenario, Texts& taken) {
  scenario.answer = [&](const Texts& rows) {
    scenario.refused_rows.clear();
    for (size_t i = 0; i < rows.size(); i++) {
      if (rows[i][0] == 'x') {
        scenario.refused_rows.push_back({i, "no " + rows[i]});
      } else {
        taken.push_back(rows[i]);
      }
    }
    return scenario.refused_rows.empty() ? Outcome::Done : Outcome::Refused;
  };
}
}  // namespace

TEST_CASE("rows that a sink names are refused, and their neighbours are not offered again") {
  Desk desk;
  Texts taken;
  refuse_by_name(desk.scenario, taken);
  desk.take({"x1", "a", "b"});
  desk.take({"c", "d"});
  desk.take({"x2"});
  desk.take({"e", "x3"});
  desk.serve();
  CHECK(desk.scenario.offers.size() == 1);
  CHECK(taken == Texts{"a", "b", "c", "d", "e"});
  CHECK(desk.finished == Ends{{1, Fate::Refused}, {2, Fate::Done}, {3, Fate::Refused}, {4, Fate::Refused}});
  CHECK(desk.meter.rows.read() == 5);
  CHECK(desk.meter.refused_rows.read() == 3);
  CHECK(desk.delivery->is_idle());
}

TEST_CASE("a half of a refused shipment may be told apart as well") {
  Desk desk;
  Texts taken;
  refuse_by_name(desk.scenario, taken);
  auto by_name = desk.scenario.answer;
  desk.scenario.answer = [&](const Texts& rows) {
    desk.scenario.refused_rows.clear();
    return rows.size() > 4 ? Outcome::Refused : by_name(rows);  // too many at once
  };
  desk.take({"a", "x1", "b", "c", "d"});
  desk.take({"x2", "e", "f", "g"});
  desk.serve();
  CHECK(taken == Texts{"a", "b", "c", "d", "e", "f", "g"});
  CHECK(desk.finished == Ends{{1, Fate::Refused}, {2, Fate::Refused}});
  CHECK(desk.meter.rows.read() == 7);
  CHECK(desk.meter.refused_rows.read() == 2);
}

TEST_CASE("random shipments: each row is taken once or refused once, and nothing is asked twice") {
  for (uint32_t seed = 1; seed <= 200; seed++) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    Desk desk;
    Texts taken;
    refuse_by_name(desk.scenario, taken);
    Texts wanted;
    size_t refused = 0;
    size_t number = 0;
    size_t payloads = 1 + random() % 9;
    for (size_t i = 0; i < payloads; i++) {
      Texts rows;
      for (size_t left = 1 + random() % 7; left > 0; left--) {
        bool is_bad = random() % 4 == 0;
        rows.push_back((is_bad ? "x" : "r") + std::to_string(number++));
        if (is_bad) {
          refused++;
        } else {
          wanted.push_back(rows.back());
        }
      }
      desk.take(rows);
    }
    desk.serve();
    CHECK(desk.scenario.offers.size() == 1);
    CHECK(taken == wanted);
    CHECK(desk.meter.rows.read() == wanted.size());
    CHECK(desk.meter.refused_rows.read() == refused);
    CHECK(desk.finished.size() == payloads);
  }
}

TEST_CASE("a sink is offered no more bytes than it wants, but for one payload that has more") {
  Desk desk;
  desk.scenario.shipment_bytes = 8;
  desk.take({"aaa"});  // 4 bytes with its newline
  desk.take({"bbb"});
  desk.take({"c"});
  desk.take({"longer than eight"});
  desk.take({"d"});
  desk.serve();
  CHECK(desk.scenario.offers == std::vector<Texts>{{"aaa", "bbb"}, {"c"}, {"longer than eight"}, {"d"}});
}
