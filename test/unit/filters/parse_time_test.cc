// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "test/unit/kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
constexpr int64_t wanted = 1795232280'000000000;

/// The time that the options make of a cell, 0 when none.
int64_t parse(const Cell& cell, Options options) {
  options.push_back({"key", "ts"});
  Rig rig(Kind::Filter, "parse_time", options);
  rig.row({{"ts", cell}}).run();
  const Cell* time = rig.cell("time");
  CHECK((time == nullptr) == (rig.cell("parse_error") != nullptr));
  CHECK((time == nullptr) == (rig.cell("ts") != nullptr));
  CHECK(rig.faults().empty() == (time != nullptr));
  return time == nullptr ? 0 : time->integer;
}
}  // namespace

TEST_CASE("a text becomes a time by the first format that takes it") {
  Options formats = {{"format", "clf, iso8601, %d.%m.%Y %H:%M:%S.%f"}, {"zone", "+01:00"}};
  CHECK(parse(Cell::of_text("21/Nov/2026:03:38:00 +0000"), formats) == wanted);
  CHECK(parse(Cell::of_text("2026-11-21T04:38:00"), formats) == wanted);
  CHECK(parse(Cell::of_text("21.11.2026 04:38:00.5"), formats) == wanted + 500'000'000);
  CHECK(parse(Cell::of_text("21.11.2026"), formats) == 0);
  CHECK(parse(Cell::of_text(""), formats) == 0);
  CHECK(parse(Cell::of_text("2026-11-21T04:38:00 and more"), formats) == 0);
}

TEST_CASE("numbers are counted in the unit of the first epoch format") {
  CHECK(parse(Cell::of_integer(1795232280), {{"format", "iso8601, epoch"}}) == wanted);
  CHECK(parse(Cell::of_unsigned(1795232280123), {{"format", "epoch_ms"}}) == wanted + 123'000'000);
  CHECK(parse(Cell::of_real(1795232280.25), {{"format", "epoch"}}) == wanted + 250'000'000);
  CHECK(parse(Cell::of_real(-1.5), {{"format", "epoch"}}) == -1'500'000'000);
  CHECK(parse(Cell::of_time(wanted), {}) == wanted);
  CHECK(parse(Cell::of_integer(1795232280), {{"format", "iso8601"}}) == 0);
  CHECK(parse(Cell::of_integer(INT64_MAX), {{"format", "epoch"}}) == 0);
  CHECK(parse(Cell::of_unsigned(UINT64_MAX), {{"format", "epoch_ns"}}) == 0);
  CHECK(parse(Cell::of_real(NAN), {{"format", "epoch"}}) == 0);
  CHECK(parse(Cell::of_real(1e300), {{"format", "epoch"}}) == 0);
  CHECK(parse(Cell::of_null(), {{"format", "epoch"}}) == 0);
}

TEST_CASE("a time may take the place of its text, and be kept beside it") {
  Rig in_place(Kind::Filter, "parse_time", {{"key", "ts"}, {"to", "ts"}});
  in_place.row("ts", "2026-11-21T03:38:00Z").row("ts", "never").row("other", "x").run();
  CHECK(in_place.show(0) == "ts=1795232280000000000(time)");
  CHECK(in_place.show(1) == "ts=\"never\"(text) parse_error=\"not a time: the value has none of the formats\"(text)");
  CHECK(in_place.show(2) == "parse_error=\"not a time: the row has no value\"(text) other=\"x\"(text)");
  CHECK(in_place.faults() == std::vector<int>{1, 2});
  Rig beside(Kind::Filter, "parse_time", {{"key", "ts"}, {"keep_text", "yes"}});
  CHECK(beside.row("ts", "2026-11-21T03:38:00Z").run().show() ==
        "ts=\"2026-11-21T03:38:00Z\"(text) time=1795232280000000000(time)");
}

TEST_CASE("formats and zones that are none are refused") {
  auto make = [](const Options& options) { Rig rig(Kind::Filter, "parse_time", options); };
  CHECK_THROWS_WITH(make({{"key", "a"}, {"format", "iso"}}), Catch::Contains("\"iso\" is no time format"));
  CHECK_THROWS_WITH(make({{"key", "a"}, {"format", ""}}), Catch::Contains("format: there must be at least one"));
  CHECK_THROWS_WITH(make({{"key", "a"}, {"zone", "here"}}), Catch::Contains("\"here\" is no zone"));
}
