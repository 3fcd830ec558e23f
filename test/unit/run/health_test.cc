// SPDX-License-Identifier: Apache-2.0
/// Health by a clock that the test turns: what is stalled, what is named, and in which words.
#include "core/run/health.hh"

#include <stdlib.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "core/base/log.hh"
#include "core/run/pulse.hh"

using namespace stook;

namespace {

constexpr int64_t second = 1'000'000'000;

// A world of standings, and the log of what health said of it.
struct Watch {
  Watch() {
    char name[] = "/tmp/stook-health-XXXXXX";
    int fd = ::mkstemp(name);
    REQUIRE(fd >= 0);
    ::close(fd);
    path = name;
    set_log_file(path);
    room::enter(room::front);
  }
  ~Watch() {
    set_log_file("stderr");
    ::unlink(path.c_str());
  }
  // What has been logged since the last call, without the times.
  std::string said() {
    std::ifstream file(path);
    file.seekg(static_cast<std::streamoff>(read));
    std::string all;
    for (std::string line; std::getline(file, line);) {
      read += line.size() + 1;
      all += line.substr(line.find("event=") + 6) + "\n";
    }
    return all;
  }
  void look(int64_t now) {
    standings.now = now;
    health.judge(standings);
  }

  Standings standings{0, 60 * second, {}};
  Health health{[this] { return standings; }};
  std::string path;
  size_t read = 0;
};

Standing waiting(int64_t oldest_at, int64_t moved_at) {
  return {"in", "in,out", oldest_at, moved_at, 12, {Holder::Kind::Failing, "out", oldest_at + second, "disk full"}};
}

}  // namespace

TEST_CASE("a source is stalled when it has rows out and nothing moved for stall_after") {
  Standings at{1000 * second, 60 * second, {}};
  CHECK_FALSE(at.is_stalled({}));
  CHECK_FALSE(at.is_stalled(waiting(941 * second, 0)));
  CHECK(at.is_stalled(waiting(940 * second, 0)));
  // Silent for long before there was anything to do.
  CHECK_FALSE(at.is_stalled(waiting(999 * second, 2 * second)));
  // Slow, yet moving: late and well.
  CHECK(at.is_late(waiting(100 * second, 990 * second)));
  CHECK_FALSE(at.is_stalled(waiting(100 * second, 990 * second)));
  CHECK(at.is_stalled(waiting(100 * second, 940 * second)));
  at.stall_after = 0;
  CHECK_FALSE(at.is_late(waiting(second, 0)));
}

TEST_CASE("what waits too long is named once with its holder, and once more when it moves") {
  Watch watch;
  watch.standings.all = {waiting(100 * second, 0)};
  watch.look(159 * second);
  CHECK(watch.said().empty());
  watch.look(161 * second);
  CHECK(watch.said() ==
        "ack_waits source=in stack=in,out holder=out state=failing age=\"1.02 min\" rows=12 stalled=yes "
        "reason=\"disk full\" suppressed=0\n");
  watch.look(300 * second);
  CHECK(watch.said().empty());
  watch.standings.all = {Standing{"in", "in", 0, 301 * second, 0, {}}};
  watch.look(310 * second);
  CHECK(watch.said() == "ack_moves source=in after=\"3.5 min\"\n");
  watch.look(320 * second);
  CHECK(watch.said().empty());
}

TEST_CASE("a source that is late again and again is named once a minute, with the number kept back") {
  Watch watch;
  size_t waits = 0;
  size_t moves = 0;
  std::string last;
  for (int64_t now = 1000; now < 1180; now += 10) {
    watch.standings.all = {waiting((now - 100) * second, now * second)};
    watch.look(now * second);
    watch.standings.all = {Standing{"in", "in", 0, now * second, 0, {}}};
    watch.look((now + 5) * second);
    std::istringstream said(watch.said());
    for (std::string line; std::getline(said, line);) {
      bool is_wait = line.starts_with("ack_waits");
      waits += is_wait ? 1 : 0;
      moves += is_wait ? 0 : 1;
      last = is_wait ? line : last;
    }
  }
  CHECK(waits == 3);
  CHECK(moves == 3);
  CHECK(last.ends_with("suppressed=5"));
}

TEST_CASE("the text names the stack, the holder, its words and the ages") {
  Standings at{1000 * second, 60 * second, {}};
  CHECK(at.text() == "healthy: 0 sources, nothing waits\n");
  at.all = {Standing{"quiet", "quiet", 0, second, 0, {}}, waiting(875 * second, 0)};
  CHECK(at.text() ==
        "unhealthy: 1 of 2 sources has come to a stop\n"
        "  in,out: nothing acknowledged for 2.08 min; 12 rows wait, the oldest for 2.08 min\n"
        "    held by sink out, which has been failing for 2.07 min: disk full\n");
  CHECK(at.summary() ==
        "unhealthy: 1 of 2 sources has come to a stop; in is held by sink out, which has been failing for 2.07 min: "
        "disk full");
  at.all[1].moved_at = 999 * second;
  CHECK(at.text() ==
        "healthy: 2 sources, rows on their way\n"
        "  in,out: moving; 12 rows wait, the oldest for 2.08 min\n");
  at.all[1].moved_at = 0;
  at.all[1].holder = {};
  CHECK(at.text().ends_with("held by nobody that can be seen: the rows are between the source and the sinks\n"));
}

TEST_CASE("reasons cannot forge lines or JSON") {
  Standings at{1000 * second, 60 * second, {waiting(100 * second, 0)}};
  at.all[0].holder.reason = "a\nhealthy: \"all\" \x1b[2J";
  CHECK(at.text().ends_with("a\\nhealthy: \"all\" \\x1b[2J\n"));
  CHECK(at.json().find('\n') == std::string::npos);
  CHECK(at.json().find("\\\"all\\\"") != std::string::npos);
  CHECK(at.json().find('\x1b') == std::string::npos);
}

TEST_CASE("JSON has every source") {
  Standings at{1000 * second, 60 * second, {waiting(875 * second, 0), Standing{"b", "b", 0, 0, 0, {}}}};
  CHECK(at.json() ==
        "{\"healthy\":false,\"stall_after_s\":60.000,\"sources\":["
        "{\"source\":\"in\",\"stack\":\"in,out\",\"stalled\":true,\"rows\":12,\"oldest_s\":125.000,\"still_s\":125.000,"
        "\"holder\":\"out\",\"holder_state\":\"failing\",\"holder_s\":124.000,\"reason\":\"disk full\"},"
        "{\"source\":\"b\",\"stack\":\"b\",\"stalled\":false,\"rows\":0,\"oldest_s\":0.000,\"still_s\":0.000,"
        "\"holder\":null,\"holder_state\":\"none\",\"holder_s\":0.000,\"reason\":\"\"}]}");
}

TEST_CASE("a pulse keeps the oldest payload, the first failure and the last words") {
  Pulse pulse;
  pulse.take(10);
  pulse.take(20);
  CHECK(pulse.oldest_at.read() == 10);
  pulse.fail(30, "connection refused");
  pulse.fail(40, "no route");
  CHECK(pulse.failing_since.read() == 30);
  CHECK(pulse.reason.read() == "no route");
  pulse.recover();
  pulse.move(50, 20);
  CHECK(pulse.failing_since.read() == 0);
  CHECK(pulse.oldest_at.read() == 20);
  pulse.move(60, 0);
  pulse.take(70);
  CHECK(pulse.oldest_at.read() == 70);
}
