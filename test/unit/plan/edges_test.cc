// SPDX-License-Identifier: Apache-2.0
#include "core/plan/edges.hh"

#include <catch2/catch.hpp>

#include "core/plan/compare.hh"
#include "test/unit/plan/fixture.hh"

using namespace stook;
using namespace stook::test;

TEST_CASE("refused rows have a route of their own, and a source that is named for their sink") {
  auto plan = plan_of_text(
      "stack = in:STDIN, out:FILE(path = x)\n[out]\non_refused = keep(refused.attempts > 1), bad:FILE(path = y)\n");
  REQUIRE(plan->routes.size() == 2);
  const Route& route = *plan->routes[1];
  CHECK(route.source->id == "out.refused");
  CHECK(route.source->refusals_of == "out");
  REQUIRE(route.nodes.size() == 2);
  CHECK(route.nodes[0].instance->id == "keep");
  CHECK(route.sinks == std::vector<const Instance*>{plan->find("bad")});
  CHECK(plan->find("out")->hands_on_refused);
  CHECK(plan->find("out")->letters.empty());
  CHECK_FALSE(plan->find("bad")->hands_on_refused);
  CHECK(route.source_out[refused_attempts] != no_key);
}

TEST_CASE("the source of refused rows is another one when its sink is") {
  auto plan_with = [](const std::string& path) {
    return plan_of_text("stack = in:STDIN, out:FILE\n[out]\npath = " + path + "\non_refused = bad:FILE(path = y)\n");
  };
  auto running = plan_with("one");
  auto same = plan_with("one");
  CHECK(adopt(*same, *running).changed.empty());
  CHECK(adopt(*plan_with("two"), *running).changed == std::vector<std::string>{"out", "out.refused"});
}

TEST_CASE("refused rows that lead back to their sink, and other mistakes of on_refused, are errors") {
  CHECK(errors_of_text("stack = in:STDIN, out:FILE(path = x)\n[out]\non_refused = out\n") ==
        "x.conf:3: [out] on_refused: leads back to 'out'; refused rows go to a sink that sends its own elsewhere\n"
        "    on_refused = out\n"
        "                 ^~~\n");
  std::string round = errors_of_text(
      "stack = in:STDIN, a:FILE(path = x)\n[a]\non_refused = b:FILE(path = y)\n[b]\non_refused = c:FILE(path = z)\n"
      "[c]\non_refused = a\n");
  for (const char* id : {"a", "b", "c"}) {
    std::string what = std::string("on_refused: leads back to '") + id + "'";
    CHECK(round.find(what) != std::string::npos);
  }
  CHECK(errors_of_text("stack = in:STDIN, out:FILE(path = x)\n[out]\non_refused = keep\n") ==
        "x.conf:3: [out] on_refused: 'keep' is a filter, and a sink belongs here; a stack is a source, then filters, "
        "then "
        "a sink\n"
        "    on_refused = keep\n"
        "                 ^~~~\n");
  CHECK(errors_of_text(
            "stack = in:STDIN, out:FILE(path = x)\nstack = out.refused:STDIN, STDOUT\n[out]\non_refused = STDOUT\n")
            .find("[out] on_refused: 'out.refused' is another element's id") != std::string::npos);
}
