// SPDX-License-Identifier: Apache-2.0
/// The made source: how many rows, in which order, and the same ones for the same seed.
#include <catch2/catch.hpp>

#include "test/unit/sources/fake_feed.hh"

namespace stook::test {
namespace {

std::vector<std::string> make(const Options& options, const std::string& key = "message") {
  room::enter(room::front);
  FakeFeed feed("made", options, 2, 100);
  feed.start();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  return feed.values(key);
}

TEST_CASE("count rows are made and numbered in order, through an empty pool too") {
  std::vector<std::string> numbers = make({{"count", "1234"}}, "seq");
  REQUIRE(numbers.size() == 1234);
  for (size_t i = 0; i < numbers.size(); i++) {
    REQUIRE(numbers[i] == std::to_string(i + 1));
  }
}

TEST_CASE("a seed makes the same rows each time, another seed others") {
  for (const char* what : {"access", "syslog", "json"}) {
    std::vector<std::string> rows = make({{"what", what}, {"count", "500"}, {"seed", "3"}});
    CHECK(rows == make({{"what", what}, {"count", "500"}, {"seed", "3"}}));
    CHECK(rows != make({{"what", what}, {"count", "500"}, {"seed", "4"}}));
  }
}

TEST_CASE("lines look like what they are made after, and their clock runs") {
  std::vector<std::string> access = make({{"what", "access"}, {"count", "1001"}});
  CHECK_THAT(access[0], Catch::Contains(" [01/Jan/2026:00:00:00 +0000] \""));
  CHECK_THAT(access[1000], Catch::Contains(" [01/Jan/2026:00:00:01 +0000] \""));
  std::vector<std::string> syslog = make({{"what", "syslog"}, {"count", "1"}});
  CHECK_THAT(syslog[0], Catch::StartsWith("<") && Catch::Contains(">Jan  1 00:00:00 "));
  std::vector<std::string> json = make({{"what", "json"}, {"count", "1"}});
  CHECK_THAT(json[0], Catch::StartsWith("{\"time\":\"2026-01-01T00:00:00Z\",\"level\":\"") && Catch::EndsWith("\"}"));
}

TEST_CASE("numbered lines stay what they are, say their number and when they were made, and are filled up") {
  for (const char* what : {"access", "syslog", "json"}) {
    std::vector<std::string> plain = make({{"what", what}, {"count", "3"}});
    std::vector<std::string> lines = make({{"what", what}, {"count", "3"}, {"numbered", "yes"}});
    std::vector<std::string> filled = make({{"what", what}, {"count", "3"}, {"numbered", "yes"}, {"size", "400"}});
    for (size_t i = 0; i < 3; i++) {
      bool is_closed = plain[i].ends_with('"') || plain[i].ends_with('}');
      CHECK((!is_closed || lines[i].back() == plain[i].back()));
      CHECK(lines[i].substr(0, plain[i].size() - 1) == plain[i].substr(0, plain[i].size() - 1));
      CHECK_THAT(lines[i], Catch::Contains(":" + std::to_string(i + 1)) && Catch::Contains("stook_sent"));
      CHECK(filled[i].size() == 400);
      CHECK((!is_closed || filled[i].back() == plain[i].back()));
    }
  }
}

TEST_CASE("flows have keys instead of a line") {
  room::enter(room::front);
  FakeFeed feed("made", {{"what", "flows"}, {"count", "300"}});
  feed.start();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.rows == 300);
  CHECK(feed.values("time")[299] == "1767225600299000000");
  CHECK_THAT(feed.values("src.ip")[0], Catch::StartsWith("10.0.") || Catch::StartsWith("2001:db8:"));
  for (const char* key : {"src.ip", "dst.ip", "src.port", "dst.port", "proto", "flow.bytes", "flow.packets"}) {
    CHECK(feed.values(key)[17] != "-");
  }
}

TEST_CASE("a rate is kept, and a pause does not stretch it") {
  room::enter(room::front);
  FakeFeed feed("made", {{"rate", "2000"}, {"count", "100"}});
  int64_t before = feed.loop().now();
  feed.start();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.rows == 100);
  CHECK(feed.loop().now() - before >= 49'000'000);
}

}  // namespace
}  // namespace stook::test
