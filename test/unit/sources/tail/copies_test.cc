// SPDX-License-Identifier: Apache-2.0
/// What tail makes of copies: whose they are, and where in them it goes on, with the loop turned by hand.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "core/base/log.hh"
#include "test/unit/sources/fake_feed.hh"

namespace stook::test {
namespace {

/// A tailed log `a.log` with lines that are told apart by their begins only.
struct RotatedLog {
  TempFolder folder;
  FakeFeed feed;
  std::string log;
  int lines = 0;

  explicit RotatedLog(Options more = {}, const std::string& path = "a.log") : feed("tail", with(more, path)) {
    room::enter(room::front);
    set_log_level(Level::Error);
    folder.write("a.log", "");
  }
  Options with(Options more, const std::string& path) {
    more.insert(
        more.begin(),
        {{"path", folder.path(path)}, {"start_at", "beginning"}, {"state_file", folder.path("pos")}, {"linger", "0"}});
    return more;
  }
  void write(int count) {
    std::string text;
    for (int i = 0; i < count; i++) {
      std::string number = std::to_string(1000 + lines++);
      text += number + std::string(80, ' ') + "\n";
    }
    folder.append("a.log", text);
    log += text;
  }
  void copy(const std::string& name) { folder.write(name, log); }
  void truncate() {
    REQUIRE(::truncate(folder.path("a.log").c_str(), 0) == 0);
    log.clear();
  }
  /// Every line came out, once, in its order.
  void check() ROOM(front) {
    feed.turn(20);
    std::string expected;
    for (int line = 0; line < lines; line++) {
      expected += std::to_string(1000 + line) + " ";
    }
    std::string found;
    for (const std::string& row : feed.values()) {
      found += row.substr(0, 4) + " ";
    }
    CHECK(found == expected);
  }
};

TEST_CASE("a log that is truncated and outgrown by lines that end alike begins again") {
  room::enter(room::front);
  RotatedLog log;
  log.feed.start();
  log.write(4);
  log.check();
  log.truncate();
  log.write(6);
  log.check();
  log.write(30);
  log.check();
  log.truncate();
  log.write(100);
  log.check();
}

TEST_CASE("what was not read before it was copied and truncated is read from the copy, whatever the log has become") {
  room::enter(room::front);
  RotatedLog log;
  log.feed.start();
  for (int life = 1; life < 6; life++) {
    log.write(2 + life);
    log.check();
    log.write(3);
    log.copy("a.log." + std::to_string(life));
    log.truncate();
    log.write(20);
    log.check();
  }
  log.feed.restart();
  log.check();
}

TEST_CASE("a log that is copied and truncated twice between two looks is found by the names of both copies") {
  room::enter(room::front);
  RotatedLog log;
  log.feed.start();
  log.write(4);
  log.check();
  log.write(3);
  log.copy("a.log.1");
  log.truncate();
  log.write(5);
  log.copy("a.log.2");
  log.truncate();
  log.write(9);
  log.feed.turn(20);
  CHECK(log.feed.rows == 21);
  log.write(1);
  log.feed.turn(20);
  CHECK(log.feed.rows == 22);
}

TEST_CASE("a copy that is found before the truncation has been seen is not read twice") {
  room::enter(room::front);
  RotatedLog log(Options{{"watch", "timer"}, {"poll_slow", "1h"}, {"rescan", "1h"}}, "a.log*");
  log.write(4);
  log.feed.start();
  log.check();
  log.write(3);
  log.copy("a.log.1");
  log.truncate();
  log.write(2);
  log.feed.source().reopen();
  log.check();
}

}  // namespace
}  // namespace stook::test
