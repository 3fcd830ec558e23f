// SPDX-License-Identifier: Apache-2.0
/// The position file: its text, what is believed of it, and what is left when writing fails.
#include "core/api/positions.hh"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <random>

#include "core/base/status.hh"
#include "test/unit/sources/fake_feed.hh"

namespace stook::test {
namespace {

constexpr int64_t now = 1'800'000'000;

Position position(uint64_t number, uint64_t offset, const std::string& path = "/var/log/a b\\c\n.log") {
  return {{{8, number, 3}, {1024, 0xfeedbeef}, {64, 0x1234}, offset}, now, path, 0, 0};
}

TEST_CASE("positions come back as they were written") {
  TempFolder folder;
  Positions first(folder.path("pos"));
  first.load();
  CHECK_FALSE(first.was_there());
  first.by_inode[{8, 1, 3}] = position(1, 100);
  first.by_inode[{8, 2, 3}] = position(2, UINT64_MAX);
  REQUIRE(first.save(now));
  struct stat status {};
  REQUIRE(stat(folder.path("pos").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  Positions second(folder.path("pos"));
  second.load();
  CHECK(second.was_there());
  REQUIRE(second.by_inode.size() == 2);
  const Position& back = second.by_inode.at({8, 2, 3});
  CHECK(back.identity.offset == UINT64_MAX);
  CHECK(back.identity.head == Fingerprint{1024, 0xfeedbeef});
  CHECK(back.identity.marker == Fingerprint{64, 0x1234});
  CHECK(back.path == "/var/log/a b\\c\n.log");
}

TEST_CASE("the text is the one that is specified") {
  std::map<Inode, Position> positions;
  positions[{8, 1, 3}] = position(1, 100, "/var/log/a b");
  positions[{8, 1, 3}].lives = 2;
  positions[{8, 1, 3}].line = 1;
  CHECK(show_positions(positions, 7) ==
        "stook-pos 1 7\nfile 8 1 3 2 100 1 1024 feedbeef 64 1234 1800000000 /var/log/a\\x20b\nend 1 57f93d2f\n");
}

TEST_CASE("of the file, its former and its next version the newest whole one is read") {
  TempFolder folder;
  Positions positions(folder.path("pos"));
  positions.by_inode[{8, 1, 3}] = position(1, 100);
  REQUIRE(positions.save(now));
  positions.by_inode[{8, 1, 3}] = position(1, 200);
  REQUIRE(positions.save(now));
  std::string text = folder.read("pos");
  folder.write("pos", text.substr(0, text.size() - 1));
  Positions former(folder.path("pos"));
  former.load();
  CHECK(former.by_inode.at({8, 1, 3}).identity.offset == 100);
  folder.write("pos.new", text);
  Positions next(folder.path("pos"));
  next.load();
  CHECK(next.by_inode.at({8, 1, 3}).identity.offset == 200);
}

TEST_CASE("no damaged text is believed, wherever the damage is") {
  unsigned seed = static_cast<unsigned>(Catch::rngSeed());
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::map<Inode, Position> positions;
  for (uint64_t i = 0; i < 5; i++) {
    positions[{8, i, 3}] = position(i, 1000 * i);
  }
  std::string text = show_positions(positions, 12);
  for (int round = 0; round < 2000; round++) {
    std::string damaged = text;
    if (round % 2 == 0) {
      damaged.resize(random() % text.size());
    } else {
      damaged[random() % text.size()] ^= static_cast<char>(1 << random() % 8);
    }
    PositionText found;
    int line = 0;
    if (read_positions(damaged, found, line)) {
      // A digit of the checksum in the other case says the same.
      REQUIRE(show_positions(found.by_inode, found.generation) == text);
    }
  }
}

TEST_CASE("when all that is there is damaged the start stops and says where") {
  TempFolder folder;
  folder.write("pos", "stook-pos 1 4\nfile 8 1 3 x\nend 1 0\n");
  Positions positions(folder.path("pos"));
  CHECK_THROWS_WITH(positions.load(), Catch::StartsWith(folder.path("pos") + ":2: the position file is damaged"));
}

TEST_CASE("a position file that cannot be written leaves the former one alone") {
  TempFolder folder;
  Positions positions(folder.path("pos"));
  positions.by_inode[{8, 1, 3}] = position(1, 100);
  REQUIRE(positions.save(now));
  std::string text = folder.read("pos");
  REQUIRE(mkdir(folder.path("pos.new").c_str(), 0700) == 0);
  CHECK_FALSE(positions.save(now));
  CHECK(positions.reason() == "cannot make " + folder.path("pos.new") + ": File exists");
  CHECK(folder.read("pos") == text);
}

TEST_CASE("files that were not seen for a week are forgotten") {
  TempFolder folder;
  Positions positions(folder.path("pos"));
  positions.by_inode[{8, 1, 3}] = position(1, 100);
  positions.by_inode[{8, 2, 3}] = position(2, 100);
  positions.by_inode[{8, 2, 3}].seen = now - 8 * 24 * 3600;
  REQUIRE(positions.save(now));
  CHECK(positions.by_inode.size() == 1);
}

}  // namespace
}  // namespace stook::test
