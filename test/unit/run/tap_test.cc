// SPDX-License-Identifier: Apache-2.0
/// Taps by hand: one worker, one bundle, and a clock that stands still until it is moved.
#include <catch2/catch.hpp>
#include <set>

#include "core/run/tap.hh"
#include "core/run/trace.hh"

namespace stook::test {

namespace {

int64_t now = 1;
int64_t fake_clock() {
  return now;
}

/// A route of a source alone, whose rows have a number.
struct TapBench {
  explicit TapBench(size_t rows_) : bundle(rows_, rows_, 4), keys(schema(), 2) {
    source.id = "in";
    source.plugin = &plugin;
    route.source = &source;
    for (size_t i = 0; i < rows_; i++) {
      bundle.put(KeyId{0}, bundle.append(), Cell::of_unsigned(next++));
    }
    rows.select_all(rows_);
  }
  const KeySchema& schema() {
    route.schema.add({"n", Type::Unsigned, "", "", false});
    return route.schema;
  }
  Passing passing() { return {route, Passing::source, bundle, rows, keys}; }

  Route route;
  Plugin plugin{};
  Instance source;
  Bundle bundle;
  OpenKeys keys;
  Selection rows;
  uint64_t next = 0;
};

std::string read_all(Post& post) {
  std::string text;
  (void)post.read(text, SIZE_MAX);
  return text;
}

TapWish wish_of(std::shared_ptr<const Expression> where = nullptr) {
  return {"in", RowForm::Line, std::move(where)};
}

}  // namespace

TEST_CASE("a tap shows every row while there are few") {
  TapBench bench(3);
  Tap tap(wish_of(), fake_clock);
  for (int i = 0; i < 100; i++) {
    now += 10'000'000;  // 300 rows a second
    tap.begins(bench.passing());
    CHECK(read_all(tap) == "> n=0\n> n=1\n> n=2\n");
  }
  CHECK(tap.meter.passed.read() == 300);
  CHECK(tap.meter.shown.read() == 300);
}

TEST_CASE("of many rows a tap shows as many as its budget allows, from all over a bundle") {
  TapBench bench(256);
  Tap tap(wish_of(), fake_clock);
  std::set<std::string> seen;
  size_t largest = 0;
  for (int i = 0; i < 4000; i++) {  // a second at 1,024,000 rows
    now += 250'000;
    uint64_t before = tap.meter.shown.read();
    tap.begins(bench.passing());
    std::string text = read_all(tap);
    if (i > 1000) {  // what was saved before is used up
      largest = std::max<size_t>(largest, tap.meter.shown.read() - before);
      seen.insert(text);
    }
  }
  CHECK(tap.meter.passed.read() == 1'024'000);
  CHECK(tap.meter.shown.read() < 30'000);
  CHECK(tap.meter.shown.read() > 10'000);
  CHECK(largest < 16);
  CHECK(seen.size() > 100);  // not the same rows of each bundle
}

TEST_CASE("an expression is tried on each row that there is time for, and counts those that it holds for") {
  TapBench bench(256);
  Tap tap(wish_of(std::make_shared<Expression>("n == 7 or n == 200")), fake_clock);
  for (int i = 0; i < 1000; i++) {
    now += 1'000'000;
    tap.begins(bench.passing());
    CHECK(read_all(tap) == "> n=7\n> n=200\n");
  }
  CHECK(tap.meter.looked.read() == 256'000);
  CHECK(tap.meter.matched.read() == 2000);
  CHECK(tap.meter.shown.read() == 2000);
}

TEST_CASE("a key that no row has makes no row match") {
  TapBench bench(4);
  Tap tap(wish_of(std::make_shared<Expression>("absent == 1")), fake_clock);
  now += 1'000'000;
  tap.begins(bench.passing());
  CHECK(read_all(tap).empty());
  CHECK(tap.meter.looked.read() == 4);
}

TEST_CASE("a tap of which nobody reads shows nothing more, and goes on when somebody does") {
  TapBench bench(1);
  Tap tap(wish_of(), fake_clock);
  for (int i = 0; i < 1000; i++) {
    now += 10'000'000;
    tap.begins(bench.passing());
  }
  CHECK(tap.meter.passed.read() == 1000);
  uint64_t shown = tap.meter.shown.read();
  CHECK(shown == 256);
  std::string text;
  CHECK(tap.read(text, 100) == 100);
  CHECK(tap.read(text, 1000) == 156);
  CHECK(tap.read(text, 1000) == 0);
  now += 10'000'000;
  tap.begins(bench.passing());
  CHECK(read_all(tap) == "> n=0\n");
}

TEST_CASE("rows that failed are not behind their element") {
  TapBench bench(4);
  Plugin plugin{};
  plugin.kind = Kind::Filter;
  Instance filter;
  filter.id = "parse";
  filter.plugin = &plugin;
  Node node;
  node.instance = &filter;
  bench.route.nodes.push_back(node);
  Passing at = bench.passing();
  at.node = 0;
  Selection faulted;
  faulted.clear();
  faulted.add(1);
  TapWish wish = wish_of();
  wish.element = "parse";
  Tap tap(wish, fake_clock);
  now += 1'000'000;
  tap.leaves(at, faulted);
  CHECK(read_all(tap) == "> n=0\n> n=1\n> n=2\n> n=3\n");  // on_error = pass
  filter.on_error = OnError::Drop;
  tap.leaves(at, faulted);
  CHECK(read_all(tap) == "> n=0\n> n=2\n> n=3\n");
  CHECK(tap.meter.passed.read() == 7);
}

}  // namespace stook::test
