// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "core/tool/gen_wish.hh"
#include "core/tool/verify_text.hh"

namespace stook {

namespace {
using Gaps = std::vector<std::pair<uint64_t, uint64_t>>;

NumberTally tally_of(std::initializer_list<uint64_t> numbers) {
  NumberTally tally;
  for (uint64_t number : numbers) {
    tally.take(number);
  }
  return tally;
}
}  // namespace

TEST_CASE("missing, repeated and late numbers are counted apart") {
  NumberTally tally = tally_of({1, 2, 5, 4, 5, 9, 2});
  CHECK(tally.largest() == 9);
  CHECK(tally.count() == 7);
  CHECK(tally.repeated() == 2);
  CHECK(tally.disordered() == 1);
  CHECK(tally.missing(0) == 4);
  CHECK(tally.gaps(0, 10) == Gaps{{3, 3}, {6, 8}});
  CHECK(tally.missing(12) == 7);
  CHECK(tally.gaps(12, 10) == Gaps{{3, 3}, {6, 8}, {10, 12}});
  CHECK(tally.gaps(12, 2) == Gaps{{3, 3}, {6, 8}});
  CHECK(tally_of({}).missing(3) == 3);
  CHECK(tally_of({}).gaps(3, 10) == Gaps{{1, 3}});
  CHECK(tally_of({1}).gaps(3, 10) == Gaps{{2, 3}});
  CHECK(tally_of({2}).gaps(4, 10) == Gaps{{1, 1}, {3, 4}});
}

TEST_CASE("a number is found however its line was encoded since") {
  Tally tally;
  tally.take("GET / \"curl stook_seq=a:1 stook_sent=1000\"", 3000);
  tally.take("{\"x\":1,\"stook_seq\":\"a:2\",\"stook_sent\":1000}", 2000);
  tally.take("{\"message\":\"{\\\"stook_seq\\\":\\\"a:3\\\",\\\"stook_sent\\\":1000}\"}", 2000);
  tally.take("{\"stook_seq\": \"b:7\"}", 2000);
  CHECK(tally.streams.at("a").count() == 3);
  CHECK(tally.streams.at("a").missing(0) == 0);
  CHECK(tally.streams.at("b").largest() == 7);
  CHECK(tally.latency.count() == 3);
  CHECK(tally.latency.largest() == 2000);
  CHECK(tally.unnumbered == 0);
  CHECK_FALSE(is_right(tally, 0));  // b misses 1 to 6
  for (const char* line : {"", "stook_seq", "stook_seq=", "stook_seq=a", "stook_seq=a:", "stook_seq=a:x",
                           "stook_seq=a:0", "stook_seq=a:99999999999999999999", "stook_seq=a b:1"}) {
    tally.take(line, 0);
  }
  CHECK(tally.unnumbered == 9);
  CHECK(tally.lines == 13);
}

TEST_CASE("the time within which a part came is right to a tenth") {
  LatencyTally tally;
  for (int64_t ms = 1; ms <= 1000; ms++) {
    tally.take(ms * 1'000'000);
  }
  auto near = [](int64_t value, int64_t ms) { return value >= ms * 1'000'000 && value <= ms * 1'100'001; };
  CHECK(near(tally.within(0.5), 500));
  CHECK(near(tally.within(0.9), 900));
  CHECK(tally.within(1) == 1'000'000'000);
  CHECK(LatencyTally().within(0.5) == 0);
}

TEST_CASE("numbers take units of thousands") {
  double number = 0;
  CHECK((read_many("50k", number) && number == 50'000));
  CHECK((read_many("2.5M", number) && number == 2'500'000));
  CHECK((read_many("7", number) && number == 7));
  for (const char* text : {"", "k", "0", "-1", "1x", "1kk", "1e99"}) {
    CHECK_FALSE(read_many(text, number));
  }
}

TEST_CASE("a mix divides what is wanted, and the last one has what is left") {
  GenWish wish;
  CHECK(
      wish.read({"--to", "tcp:127.0.0.1:1", "--count", "10", "--rate", "90", "--template", "access=2,json=1"}).empty());
  std::string config = wish.config();
  CHECK(config.find("[access]\nwhat = access\nnumbered = no\ncount = 7\nrate = 60.0") != std::string::npos);
  CHECK(config.find("[json]\nwhat = json\nnumbered = no\ncount = 3\nrate = 30.0") != std::string::npos);
  CHECK(config.find("[to]\nto = 127.0.0.1:1\nformat = raw\n") != std::string::npos);
}

}  // namespace stook
