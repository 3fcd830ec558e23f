// SPDX-License-Identifier: Apache-2.0
/// Taps by hand: one worker, one bundle, and a clock that stands still until it is moved.
#include <catch2/catch.hpp>
#include <set>

#include "core/run/fate.hh"
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
  CHECK(seen.size() > 30);  // not the same rows of each bundle
}

TEST_CASE("a row that costs more than a tap can save is shown, now and then") {
  TapBench bench(1);
  std::string large(10 << 20, 'x');
  bench.bundle.put(KeyId{0}, 0, Cell::of_text(large));
  Tap tap(wish_of(), fake_clock);
  size_t shown = 0;
  for (int i = 0; i < 100; i++) {
    now += 1'000'000'000;
    tap.begins(bench.passing());
    shown += read_all(tap).empty() ? 0 : 1;
  }
  CHECK(shown > 10);
  CHECK(shown < 100);
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

namespace {
/// A filter and a sink behind the source, and a trace of its first row, which has come to the sink.
struct TraceBench : TapBench {
  TraceBench() : TapBench(2) {
    filter_plugin.kind = Kind::Filter;
    filter_plugin.name = "keep";
    sink_plugin.kind = Kind::Sink;
    filter.id = "some";
    filter.plugin = &filter_plugin;
    sink.id = "out";
    sink.plugin = &sink_plugin;
    for (const Instance* instance : {&filter, &sink}) {
      route.nodes.emplace_back().instance = instance;
    }
    none.clear();
    trace.begins(passing());
  }
  Passing at(size_t node) {
    Passing passing = this->passing();
    passing.node = node;
    passing.meter = &meter;
    return passing;
  }
  void encode(Payload& payload) {
    trace.enters(at(1));
    trace.encoded(at(1), none, payload, 0);
    FollowedRows::of(payload.receipts)->hold();
  }
  static void let_go(const Payload& payload) {
    FollowedRows* followed = FollowedRows::of(payload.receipts);
    REQUIRE(followed->settle(Fate::Done));
    FollowedRows::end(*followed);
  }

  Plugin filter_plugin{};
  Plugin sink_plugin{};
  Instance filter;
  Instance sink;
  ElementMeter meter;
  Selection none;
  Trace trace{"in", 1, RowForm::Line, 1, fake_clock};
};

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}
}  // namespace

TEST_CASE("a traced row is shown when its sink is done with it") {
  TraceBench bench;
  Payload payload;
  bench.encode(payload);
  bench.trace.ends(bench.bundle);
  CHECK(read_all(bench.trace).empty());
  tell_fate(payload, "dropped", "no room");
  std::string text = read_all(bench.trace);
  CHECK(text.find("row 1 of in at ") == 2);
  CHECK(ends_with(text, "dropped: no room\n"));
  CHECK(bench.trace.read(text, 1) == 0);
  TraceBench::let_go(payload);
}

TEST_CASE(
    "a traced row whose sink is not done with it is shown after two seconds, and the payload outlives the trace") {
  Payload payload;
  {
    TraceBench bench;
    bench.encode(payload);
    bench.trace.ends(bench.bundle);
    CHECK(read_all(bench.trace).empty());
    now += 2'000'000'000;
    CHECK(read_all(bench.trace).find("not final yet") != std::string::npos);
  }
  tell_fate(payload, "delivered", {});
  TraceBench::let_go(payload);
}

TEST_CASE("a traced row that ends in a filter says in which, and whether it was dropped or held back") {
  TraceBench bench;
  bench.trace.enters(bench.at(0));
  bench.rows.clear();
  std::string said;
  SECTION("dropped") {
    bench.meter.disposed.add(2);
    said = "dropped: keep at command line\n>   it reached no sink\n";
  }
  SECTION("held back") {
    bench.meter.held.add(2);
    said = "held back: keep at command line; what is made of it is not followed\n>   it reached no sink\n";
  }
  SECTION("one of both") {
    bench.meter.disposed.add(1);
    bench.meter.held.add(1);
    said = "dropped or held back: keep at command line; what is made of it is not followed\n>   it reached no sink\n";
  }
  bench.trace.leaves(bench.at(0), bench.none);
  bench.trace.ends(bench.bundle);
  CHECK(ends_with(read_all(bench.trace), said));
}

}  // namespace stook::test
