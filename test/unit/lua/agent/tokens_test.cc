// SPDX-License-Identifier: Apache-2.0
#include "core/lua/agent/tokens.hh"

#include <catch2/catch.hpp>

#include "core/base/status.hh"
#include "test/unit/sources/fake_feed.hh"

using namespace stook;
using namespace stook::test;

namespace {
/// Remembers what was marked.
class MarkFeed final : public Feed {
 public:
  void mark(uint64_t, uint64_t position, uint64_t) override { last = position; }
  void seal() override {}
  void finish() override {}
  void lose(Loss, uint64_t) override {}
  void count_bytes(uint64_t) override {}
  Loop& loop() override { return loop_; }
  std::string_view id() const override { return "in"; }
  uint64_t last = 0;

 protected:
  Bundle* next_bundle(size_t) override { return nullptr; }

 private:
  Loop loop_{false};
};

void settle(Tokens& tokens, uint64_t position) {
  Mark mark{1, position};
  tokens.acknowledged({&mark, 1});
}
}  // namespace

TEST_CASE("a token is final once the bundles before it are") {
  TempFolder folder;
  MarkFeed feed;
  Tokens tokens(folder.path("pos"));
  tokens.begin_bundle(feed);
  tokens.commit("1");
  tokens.commit("2");
  CHECK_FALSE(tokens.wants_save());
  tokens.begin_bundle(feed);
  tokens.commit("3");
  settle(tokens, 1);
  CHECK(tokens.wants_save());
  CHECK(tokens.save().empty());
  CHECK_FALSE(tokens.wants_save());
  CHECK(tokens.newest() == "3");
  Tokens later(folder.path("pos"));
  later.load();
  CHECK(later.newest() == "2");
  settle(tokens, 2);
  tokens.commit("4");  // no row since: final at once
  CHECK(tokens.save().empty());
  Tokens last(folder.path("pos"));
  last.load();
  CHECK(last.newest() == "4");
}

TEST_CASE("of a damaged position the one before it counts, and none is no excuse") {
  TempFolder folder;
  Tokens tokens(folder.path("pos"));
  tokens.load();
  CHECK(tokens.newest().empty());
  tokens.commit("\"a\"");
  REQUIRE(tokens.save().empty());
  tokens.commit("\"b\"");
  REQUIRE(tokens.save().empty());
  std::string whole = folder.read("pos");
  for (size_t size = 0; size < whole.size(); size++) {
    folder.write("pos", whole.substr(0, size));
    Tokens torn(folder.path("pos"));
    torn.load();
    CHECK(torn.newest() == "\"a\"");
  }
  folder.write("pos.old", "nonsense");
  Tokens none(folder.path("pos"));
  CHECK_THROWS_AS(none.load(), SetupError);
}

TEST_CASE("without a file nothing is kept") {
  Tokens tokens("");
  tokens.load();
  tokens.commit("1");
  CHECK_FALSE(tokens.wants_save());
  CHECK(tokens.newest() == "1");
}
