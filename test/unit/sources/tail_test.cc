// SPDX-License-Identifier: Apache-2.0
/// Files that grow, are renamed, truncated, deleted and come back, with the loop turned by hand.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "core/base/fd.hh"
#include "core/base/log.hh"
#include "core/base/status.hh"
#include "test/unit/sources/fake_feed.hh"

namespace stook::test {
namespace {

/// A tailed folder: `*.log` from its begin, positions in `pos`.
struct Rig {
  TempFolder folder;
  FakeFeed feed;
  explicit Rig(Options more = {}, size_t bundles = 4, size_t rows = 256) : feed("tail", with(more), bundles, rows) {
    room::enter(room::front);
    set_log_level(Level::Error);
  }
  Options with(Options more) {
    more.insert(more.begin(), {{"path", folder.path("*.log")},
                               {"start_at", "beginning"},
                               {"state_file", folder.path("pos")},
                               {"linger", "0"}});
    return more;
  }
  /// Whether these are the rows, now or soon: a look at the patterns that took long is not repeated at once.
  bool comes_to(const std::string& rows) ROOM(front) {
    feed.turn();
    bool is_there = feed.turn_until([&] { return feed.joined() == rows; });
    UNSCOPED_INFO(feed.joined());
    return is_there;
  }
  void move(const char* from, const char* to) {
    REQUIRE(rename(folder.path(from).c_str(), folder.path(to).c_str()) == 0);
  }
};

int open_descriptors(const std::string& under) {
  int count = 0;
  for (int fd = 0; fd < 256; fd++) {
    char target[512];
    ssize_t size = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target);
    count += size > 0 && std::string_view(target, static_cast<size_t>(size)).find(under) == 0 ? 1 : 0;
  }
  return count;
}

TEST_CASE("lines are handed on in the turn of the loop in which they are written") {
  room::enter(room::front);
  Rig rig;
  rig.folder.write("a.log", "one\ntwo\n");
  rig.feed.start();
  CHECK(rig.comes_to("one|two"));
  rig.folder.append("a.log", "three\r\n");
  rig.feed.turn(1);
  CHECK(rig.feed.joined() == "one|two|three");
  CHECK(rig.feed.joined("file.offset") == "0|4|8");
  CHECK(rig.feed.values("file.path")[2] == rig.folder.path("a.log"));
}

TEST_CASE("by default a first start begins behind the last line that is there, later files at 0") {
  room::enter(room::front);
  Rig rig(Options{{"start_at", "end"}});
  rig.folder.write("a.log", "old\nhalf");
  rig.feed.start();
  CHECK(rig.comes_to(""));
  rig.folder.append("a.log", " and half\n");
  rig.folder.write("b.log", "new\n");
  CHECK(rig.comes_to("half and half|new"));
}

TEST_CASE("a renamed file is read to its end and closed, the new one at its path begins at 0") {
  room::enter(room::front);
  Rig rig;
  rig.folder.write("a.log", "1\n");
  rig.feed.start();
  CHECK(rig.comes_to("1"));
  Fd writer(open(rig.folder.path("a.log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  rig.move("a.log", "a.log.1");
  REQUIRE(write(writer.get(), "2\n", 2) == 2);
  rig.folder.write("a.log", "3\n");
  CHECK(rig.comes_to("1|2|3"));
  writer.reset();
  rig.feed.turn(20);
  CHECK(open_descriptors(rig.folder.path("a.log.1")) == 0);
  rig.folder.append("a.log", "4\n");
  CHECK(rig.comes_to("1|2|3|4"));
}

TEST_CASE("a renamed file is followed while it lingers, also under a name that matches") {
  room::enter(room::front);
  Rig rig(Options{{"linger", "1h"}});
  rig.folder.write("a.log", "1\n");
  rig.feed.start();
  CHECK(rig.comes_to("1"));
  rig.move("a.log", "a.log.1");
  rig.feed.turn();
  rig.folder.append("a.log.1", "2\n");
  CHECK(rig.comes_to("1|2"));
  rig.move("a.log.1", "b.log");
  // Rows read before the move is heard of still have the old name.
  CHECK(rig.feed.turn_until([&] {
    rig.folder.append("b.log", "3\n");
    return rig.feed.values("file.path").back() == rig.folder.path("b.log");
  }));
  CHECK(rig.feed.values().back() == "3");
}

TEST_CASE("a renamed file that goes on growing is let go after linger_most") {
  room::enter(room::front);
  Rig rig(Options{{"linger", "1h"}, {"linger_most", "20ms"}});
  rig.folder.write("a.log", "1\n");
  rig.feed.start();
  CHECK(rig.comes_to("1"));
  rig.move("a.log", "a.log.1");
  int written = 1;
  REQUIRE(rig.feed.turn_until([&] {
    rig.folder.append("a.log.1", std::to_string(++written) + "\n");
    return open_descriptors(rig.folder.path("a.log.1")) == 0;
  }));
  uint64_t before = rig.feed.rows;
  CHECK(before > 1);
  rig.feed.restart();
  rig.feed.turn(20);
  CHECK(rig.feed.rows == static_cast<uint64_t>(written));
}

TEST_CASE("a truncated file begins again at 0") {
  room::enter(room::front);
  Rig rig;
  rig.folder.write("a.log", "one\ntwo\n");
  rig.feed.start();
  CHECK(rig.comes_to("one|two"));
  REQUIRE(truncate(rig.folder.path("a.log").c_str(), 0) == 0);
  rig.feed.turn();
  rig.folder.append("a.log", "1\n");
  CHECK(rig.comes_to("one|two|1"));
}

TEST_CASE("a file that is truncated and outgrows its former size at once begins again too") {
  room::enter(room::front);
  Rig rig;
  rig.folder.write("a.log", "one\ntwo\n");
  rig.feed.start();
  CHECK(rig.comes_to("one|two"));
  rig.folder.write("a.log", "three\nfour\nfive\n");
  CHECK(rig.comes_to("one|two|three|four|five"));
  rig.folder.write("a.log", "THREE\nFOUR\nFIVE\n");
  CHECK(rig.comes_to("one|two|three|four|five|THREE|FOUR|FIVE"));
}

TEST_CASE("a line waits for its newline, however often it grows") {
  room::enter(room::front);
  Rig rig;
  rig.folder.write("a.log", "one\ntw");
  rig.feed.start();
  CHECK(rig.comes_to("one"));
  rig.folder.append("a.log", "o");
  CHECK(rig.comes_to("one"));
  rig.folder.append("a.log", "\nthr");
  CHECK(rig.comes_to("one|two"));
  rig.folder.append("a.log", "ee\n");
  CHECK(rig.comes_to("one|two|three"));
  CHECK(rig.feed.joined("partial") == "-|-|-");
}

TEST_CASE("an unfinished line is handed on as partial after partial_flush, and its newline alone makes no row") {
  room::enter(room::front);
  Rig rig(Options{{"partial_flush", "1ms"}});
  rig.folder.write("a.log", "one\ntw");
  rig.feed.start();
  REQUIRE(rig.feed.turn_until([&] { return rig.feed.rows == 2; }));
  CHECK(rig.feed.joined() == "one|tw");
  CHECK(rig.feed.joined("partial") == "-|true");
  rig.folder.append("a.log", "\nthree\n");
  CHECK(rig.comes_to("one|tw|three"));
}

TEST_CASE("a deleted file is read to its end, its unfinished line too, and let go") {
  room::enter(room::front);
  Rig rig;
  rig.folder.write("a.log", "one\n");
  rig.feed.start();
  CHECK(rig.comes_to("one"));
  Fd writer(open(rig.folder.path("a.log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  REQUIRE(unlink(rig.folder.path("a.log").c_str()) == 0);
  REQUIRE(write(writer.get(), "two\nthr", 7) == 7);
  writer.reset();
  rig.feed.turn(20);
  CHECK(rig.feed.joined() == "one|two|thr");
  CHECK(rig.feed.joined("partial") == "-|-|true");
  CHECK(open_descriptors(rig.folder.path("a.log")) == 0);
}

TEST_CASE("a file of which the inode number is used again begins at 0") {
  room::enter(room::front);
  Rig rig;
  rig.folder.write("a.log", "one\ntwo\n");
  rig.feed.start();
  CHECK(rig.comes_to("one|two"));
  rig.feed.restart();
  REQUIRE(unlink(rig.folder.path("a.log").c_str()) == 0);
  rig.folder.write("b.log", "1\n2\n3\n4\n5\n6\n");
  CHECK(rig.comes_to("one|two|1|2|3|4|5|6"));
  rig.feed.restart();
  rig.folder.append("b.log", "7\n");
  CHECK(rig.comes_to("one|two|1|2|3|4|5|6|7"));
}

TEST_CASE("folders and files that appear later are found, those that are excluded are not") {
  room::enter(room::front);
  Rig rig(Options{{"path", "/nonexistent"}});
  FakeFeed feed("tail", {{"path", rig.folder.path("srv/*/log/*")}, {"linger", "0"}});
  feed.start();
  feed.turn();
  REQUIRE(mkdir(rig.folder.path("srv").c_str(), 0700) == 0);
  feed.turn();
  REQUIRE(mkdir(rig.folder.path("srv/x").c_str(), 0700) == 0);
  REQUIRE(mkdir(rig.folder.path("srv/x/log").c_str(), 0700) == 0);
  feed.turn();
  rig.folder.write("srv/x/log/a", "one\n");
  rig.folder.write("srv/x/log/a.gz", "not\n");
  rig.folder.write("srv/x/log/.hidden", "not\n");
  feed.turn();
  CHECK(feed.turn_until([&] { return feed.joined() == "one"; }));
}

TEST_CASE("after a restart reading goes on behind what was acknowledged, not behind what was read") {
  room::enter(room::front);
  Rig rig(Options{}, 8, 2);
  rig.feed.keeps_giving_back = false;
  rig.folder.write("a.log", "1\n2\n3\n4\n5\n6\n");
  rig.feed.start();
  CHECK(rig.comes_to("1|2|3|4|5|6"));
  rig.feed.give_back(2);
  rig.feed.give_back(SIZE_MAX, false);
  rig.feed.restart();
  rig.folder.append("a.log", "7\n");
  CHECK(rig.comes_to("1|2|3|4|5|6|5|6|7"));
}

TEST_CASE("what was renamed and begun anew while nobody looked is read from where it was left") {
  room::enter(room::front);
  Rig rig;
  rig.folder.write("a.log", "1\n2\n");
  rig.feed.start();
  CHECK(rig.comes_to("1|2"));
  rig.feed.source().stop();
  rig.folder.append("a.log", "3\n");
  rig.move("a.log", "a.log.1");
  rig.folder.write("a.log", "4\n");
  rig.feed.restart();
  CHECK(rig.comes_to("1|2|3|4"));
  rig.feed.turn(20);
  rig.feed.restart();
  CHECK(rig.comes_to("1|2|3|4"));
}

TEST_CASE("an empty pool stops the reading; rotation meanwhile loses nothing") {
  room::enter(room::front);
  Rig rig(Options{}, 2, 4);
  rig.feed.keeps_giving_back = false;
  rig.folder.write("a.log", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
  rig.feed.start();
  CHECK(rig.comes_to("1|2|3|4|5|6|7|8"));
  CHECK(rig.feed.is_paused);
  for (int i = 0; i < 3; i++) {
    std::string name = "a.log." + std::to_string(i);
    rig.move("a.log", name.c_str());
    rig.folder.write("a.log", "new " + std::to_string(i) + "\n");
    rig.feed.turn();
  }
  CHECK(rig.feed.pauses == 1);
  rig.feed.keeps_giving_back = true;
  rig.feed.give_back();
  REQUIRE(rig.feed.turn_until([&] { return rig.feed.rows >= 12; }));
  CHECK(rig.feed.rows == 12);
  CHECK(rig.feed.joined().find("9") != std::string::npos);
  CHECK(rig.feed.joined().find("new 2") != std::string::npos);
}

TEST_CASE("a line longer than max_line is cut, skipped to its newline and not read again") {
  room::enter(room::front);
  Rig rig(Options{{"max_line", "1KiB"}});
  rig.folder.write("a.log", "one\n" + std::string(100'000, 'x'));
  rig.feed.start();
  rig.feed.turn(20);
  CHECK(rig.feed.rows == 2);
  rig.folder.append("a.log", std::string(100'000, 'y'));
  rig.feed.turn(20);
  CHECK(rig.feed.rows == 2);
  rig.folder.append("a.log", "\ntwo\n");
  rig.feed.turn(20);
  CHECK(rig.feed.joined() == "one|" + std::string(1024, 'x') + "|two");
  CHECK(rig.feed.joined("truncated") == "-|true|-");
}

TEST_CASE("a loop with an idle tail has nothing to do") {
  room::enter(room::front);
  Rig rig;
  rig.folder.write("a.log", "one\n");
  rig.feed.start();
  CHECK(rig.comes_to("one"));
  struct Clock {
    Loop* loop;
    int wakes = 0;
    void stop() ROOM(front) { loop->stop(); }
  } clock{&rig.feed.loop()};
  Watcher end;
  end.on_time<&Clock::stop>(rig.feed.loop(), &clock, 50'000'000);
  timespec before{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
  rig.feed.loop().run();
  timespec after{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
  CHECK(after.tv_nsec - before.tv_nsec < 5'000'000);
}

TEST_CASE("random writing, rotation and restarts lose no line and repeat none that was acknowledged") {
  room::enter(room::front);
  unsigned seed = static_cast<unsigned>(Catch::rngSeed());
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20; round++) {
    Rig rig(Options{}, 3, 7);
    rig.folder.write("a.log", "");
    rig.feed.start();
    int written = 0;
    int rotated = 0;
    for (int step = 0; step < 200; step++) {
      switch (random() % 8) {
        case 0:
          rig.move("a.log", ("a.log." + std::to_string(++rotated)).c_str());
          rig.folder.write("a.log", "");
          break;
        case 1:
          rig.feed.turn(1);
          rig.feed.restart();
          break;
        case 2:
        case 3:
          rig.feed.turn(static_cast<int>(random() % 4));
          break;
        default:
          for (size_t lines = random() % 20; lines > 0; lines--) {
            rig.folder.append("a.log", std::to_string(written++) + "\n");
          }
      }
    }
    REQUIRE(rig.feed.turn_until([&] { return rig.feed.rows >= static_cast<uint64_t>(written); }));
    rig.feed.turn(5);
    std::vector<std::string> rows = rig.feed.values();
    REQUIRE(rows.size() == static_cast<size_t>(written));
    std::vector<bool> seen(rows.size());
    for (const std::string& row : rows) {
      seen[std::stoul(row)] = true;
    }
    REQUIRE(std::find(seen.begin(), seen.end(), false) == seen.end());
  }
}

}  // namespace
}  // namespace stook::test
