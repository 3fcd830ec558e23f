// SPDX-License-Identifier: Apache-2.0
#include "core/lua/breaker.hh"

#include <catch2/catch.hpp>

using namespace stook;

namespace {
constexpr int64_t second = 1'000'000'000;
}

TEST_CASE("a script is hopeless after 100 rows in a row that failed, not before") {
  Breaker breaker;
  for (int i = 0; i < 99; i++) {
    breaker.fail(false, i);
  }
  CHECK_FALSE(breaker.is_open());
  breaker.well();
  for (int i = 0; i < 99; i++) {
    breaker.fail(false, i);
  }
  CHECK_FALSE(breaker.is_open());
  breaker.fail(false, 99);
  CHECK(breaker.why() == "its script failed for 100 rows in a row");
  breaker.well();
  CHECK(breaker.is_open());
}

TEST_CASE("a script is hopeless when it is ended three times within a minute") {
  Breaker breaker;
  for (int64_t at : {0, 40, 61, 101, 122}) {
    breaker.fail(true, at * second);
    breaker.well();
    CHECK_FALSE(breaker.is_open());
  }
  breaker.fail(true, 161 * second);
  CHECK(breaker.why() == "its script was ended beyond its budget three times within a minute");
}
