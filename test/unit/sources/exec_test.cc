// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/api/child.hh"
#include "test/unit/sources/fake_feed.hh"

namespace {
bool are_signals_lost = false;
}

// In place of the C library's: a program may take its time to die.
extern "C" int kill(pid_t pid, int number) noexcept {
  return are_signals_lost ? 0 : static_cast<int>(syscall(SYS_kill, pid, number));
}

namespace stook::test {
namespace {

using Words = std::vector<std::string>;

TEST_CASE("a program that dies late is reaped when another one starts") {
  Child late;
  late.start({{"sleep", "0.3"}, {}, {}});
  pid_t pid = late.pid();
  are_signals_lost = true;
  late.finish();
  are_signals_lost = false;
  CHECK_FALSE(late.is_started());
  siginfo_t found{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(pid), &found, WEXITED | WNOWAIT) == 0);
  CHECK(kill(pid, 0) == 0);
  Child next;
  next.start({{"true"}, {}, {}});
  CHECK(kill(pid, 0) == -1);
}

TEST_CASE("a command is cut at blanks, and quotes hold words together") {
  CHECK(split_command("journalctl  -o json\t-f") == Words{"journalctl", "-o", "json", "-f"});
  CHECK(split_command(R"(a 'b "c' "d 'e" f\ g "" \"h "i\"j" 'k\l')") ==
        Words{"a", "b \"c", "d 'e", "f g", "", "\"h", "i\"j", "k\\l"});
  CHECK(split_command("x=\"$HOME\"*") == Words{"x=$HOME*"});
  CHECK(split_command("").empty());
  CHECK_THROWS_WITH(split_command("echo 'a"), "a ' has no end in the command");
}

TEST_CASE("both outputs become rows with their names, and an unfinished line is one") {
  FakeFeed feed("exec", {{"command", "echo o; echo e >&2; printf end"}, {"shell", "yes"}, {"watch", "both"}});
  feed.start();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  std::vector<std::string> rows;
  for (size_t i = 0; i < feed.rows; i++) {
    rows.push_back(feed.values("exec.stream")[i] + " " + feed.values("message")[i]);
  }
  std::sort(rows.begin(), rows.end());
  CHECK(rows == Words{"stderr e", "stdout end", "stdout o"});
  CHECK(feed.values("exec.pid")[0] == feed.values("exec.pid")[1]);
}

TEST_CASE("the exit code is a row of its own when it is asked for") {
  FakeFeed feed("exec", {{"command", "sh -c 'echo a; exit 7'"}, {"report_exit", "yes"}});
  feed.start();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.joined("message") == "a|-");
  CHECK(feed.joined("exec.exit") == "-|7");
}

TEST_CASE("the pipe is the back-pressure: while no bundle is there the program waits") {
  FakeFeed feed("exec", {{"command", "seq 1 50000"}}, 2);
  feed.keeps_giving_back = false;
  feed.start();
  REQUIRE(feed.turn_until([&] { return feed.is_paused; }));
  feed.turn(100);
  CHECK_FALSE(feed.has_finished);
  CHECK(feed.rows == 512);
  feed.keeps_giving_back = true;
  feed.give_back();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.rows == 50000);
  CHECK(feed.values().back() == "50000");
}

TEST_CASE("lines that nobody reads before the end are counted") {
  FakeFeed feed("exec", {{"command", "seq 1 1000"}}, 2, 100);
  feed.keeps_giving_back = false;
  feed.start();
  REQUIRE(feed.turn_until([&] { return feed.is_paused; }));
  feed.source().stop();
  CHECK(feed.rows == 200);
  CHECK(feed.lost[static_cast<size_t>(Loss::Pool)] == 800);
}

TEST_CASE("a long line is cut and marked, the next one is whole") {
  FakeFeed feed("exec", {{"command", "printf '%0200d\\nb\\n' 1"}, {"shell", "yes"}, {"max_line", "64"}});
  feed.start();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.joined() == std::string(64, '0') + "|b");
  CHECK(feed.joined("truncated") == "true|-");
}

TEST_CASE("a program that cannot be run, and options that make no sense, are told at the start") {
  FakeFeed feed("exec", {{"command", "/nonexistent/program"}});
  CHECK_THROWS_WITH(feed.start(), "cannot run /nonexistent/program: No such file or directory");
  CHECK_THROWS_WITH(FakeFeed("exec", {{"command", " "}}), "command is empty; it takes a program and its arguments");
  CHECK_THROWS_WITH(FakeFeed("exec", {{"command", "a"}, {"environment", "B"}}),
                    "environment has 'B'; it takes NAME=value");
}

}  // namespace
}  // namespace stook::test
