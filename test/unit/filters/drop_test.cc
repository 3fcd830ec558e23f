// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "test/unit/kit.hh"

using namespace stook;
using stook::test::Rig;

TEST_CASE("rows for which the expression is true go, and those without the key stay") {
  Rig rig(Kind::Filter, "drop", {{"where", "status < 400"}});
  rig.row({{"status", Cell::of_integer(200)}}).row({{"status", Cell::of_integer(404)}}).row({}).run();
  CHECK(rig.selected() == std::vector<int>{1, 2});
  CHECK(rig.meter().disposed.read() == 1);
}

TEST_CASE("keep and drop of one expression share the rows between them") {
  for (const char* expression : {"a > 3", "a != 3", "a ~ 'x' or missing(a)", "not (a in (1, 5))"}) {
    Rig keep(Kind::Filter, "keep", {{"where", expression}});
    Rig drop(Kind::Filter, "drop", {{"where", expression}});
    for (Rig* rig : {&keep, &drop}) {
      for (int i = 0; i < 8; i++) {
        rig->row({{"a", Cell::of_integer(i)}});
      }
      rig->row({}).row({{"a", Cell::of_text("x")}}).run();
    }
    CAPTURE(expression);
    CHECK(keep.selected().size() + drop.selected().size() == 10);
  }
}

TEST_CASE("a row that cannot be judged is not dropped") {
  Rig rig(Kind::Filter, "drop", {{"where", "a ~ '^(a+)+$'"}, {"match_limit", "1000"}});
  rig.row("a", std::string(40, 'a') + "b").run();
  CHECK(rig.faults() == std::vector<int>{0});
  CHECK(rig.selected() == std::vector<int>{0});
}
