// SPDX-License-Identifier: Apache-2.0
/// The loop and its watchers, driven by poll and by run.
#include "core/api/loop.hh"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "core/base/clock.hh"
#include "core/base/fd.hh"

namespace stook {
namespace {

struct Pipe {
  Fd out;
  Fd in;
  Pipe() {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    out.reset(ends[0]);
    in.reset(ends[1]);
  }
  void write(std::string_view text) { REQUIRE(::write(in.get(), text.data(), text.size()) == ssize_t(text.size())); }
};

struct Probe {
  Loop* loop = nullptr;
  int fd = -1;
  int calls = 0;
  int stop_after = 0;
  int8_t room = 0;
  Watcher watcher;
  std::unique_ptr<Watcher> other;

  void count() ROOM(front) {
    calls++;
    room = room::here;
    if (stop_after != 0 && calls >= stop_after) {
      loop->stop();
    }
  }
  void take_byte() ROOM(front) {
    char byte;
    REQUIRE(read(fd, &byte, 1) == 1);
    count();
  }
  void stop_self() ROOM(front) {
    count();
    watcher.stop();
  }
  void destroy_other() ROOM(front) {
    count();
    other.reset();
  }
};

TEST_CASE("a readable descriptor calls its object in the front's room, once a turn while it stays readable") {
  room::enter(room::front);
  Loop loop(false);
  Pipe pipe;
  Probe probe{.loop = &loop, .fd = pipe.out.get()};
  probe.watcher.on_readable<&Probe::take_byte>(loop, &probe, pipe.out.get());
  loop.poll();
  CHECK(probe.calls == 0);
  pipe.write("ab");
  loop.poll();
  CHECK(probe.calls == 1);
  CHECK(probe.room == room::front.number);
  loop.poll();
  loop.poll();
  CHECK(probe.calls == 2);
  pipe.write("c");
  probe.watcher.stop();
  CHECK_FALSE(probe.watcher.is_active());
  loop.poll();
  CHECK(probe.calls == 2);
}

TEST_CASE("a writable descriptor calls until it is full") {
  room::enter(room::front);
  Loop loop(false);
  Pipe pipe;
  Probe probe{.loop = &loop};
  probe.watcher.on_writable<&Probe::count>(loop, &probe, pipe.in.get());
  loop.poll();
  CHECK(probe.calls == 1);
  std::string bulk(4096, 'x');
  REQUIRE(fcntl(pipe.in.get(), F_SETFL, O_NONBLOCK) == 0);
  while (::write(pipe.in.get(), bulk.data(), bulk.size()) > 0) {}
  loop.poll();
  CHECK(probe.calls == 1);
}

TEST_CASE("a timer fires once after its delay, and each period when it has one") {
  room::enter(room::front);
  Loop loop(false);
  Probe once{.loop = &loop, .stop_after = 1};
  int64_t before = loop.now();
  once.watcher.on_time<&Probe::count>(loop, &once, 3'000'000);
  loop.run();
  CHECK(loop.now() - before >= 2'900'000);
  CHECK_FALSE(once.watcher.is_active());
  Probe often{.loop = &loop, .stop_after = 3};
  often.watcher.on_time<&Probe::count>(loop, &often, 0, 1'000'000);
  loop.run();
  CHECK(often.calls == 3);
  CHECK(often.watcher.is_active());
  CHECK(once.calls == 1);
}

namespace {
struct DuePair {
  Watcher a;
  Watcher b;
  int calls = 0;
  bool was_other_active = false;
  bool was_own_active = false;
  void on_a() ROOM(front) { called(a, b); }
  void on_b() ROOM(front) { called(b, a); }
  void called(const Watcher& own, const Watcher& other) {
    was_other_active = calls++ == 0 ? other.is_active() : was_other_active;
    was_own_active = was_own_active || own.is_active();
  }
};
}  // namespace

TEST_CASE("a timer that is due is active until it is called") {
  Loop loop(false);
  DuePair pair;
  pair.a.on_time<&DuePair::on_a>(loop, &pair, 1'000'000);
  pair.b.on_time<&DuePair::on_b>(loop, &pair, 1'000'000);
  for (int64_t due = monotonic_ns() + 2'000'000; monotonic_ns() < due;) {}
  while (pair.calls < 2) {
    loop.poll();
  }
  CHECK(pair.was_other_active);
  CHECK_FALSE(pair.was_own_active);
}

TEST_CASE("a delay counts from the call, not from the begin of the loop's turn") {
  room::enter(room::front);
  Loop loop(false);
  loop.poll();
  int64_t busy_until = monotonic_ns() + 20'000'000;
  while (monotonic_ns() < busy_until) {}
  Probe probe{.loop = &loop};
  probe.watcher.on_time<&Probe::count>(loop, &probe, 5'000'000'000);
  Probe end{.loop = &loop, .stop_after = 1};
  int64_t before = monotonic_ns();
  end.watcher.on_time<&Probe::count>(loop, &end, 10'000'000);
  loop.run();
  CHECK(monotonic_ns() - before >= 9'900'000);
  CHECK(probe.calls == 0);
}

TEST_CASE("idle watchers and a busy descriptor both get their turn") {
  room::enter(room::front);
  Loop loop(false);
  Pipe pipe;
  Probe reader{.loop = &loop, .fd = pipe.out.get()};
  Probe first{.loop = &loop};
  Probe second{.loop = &loop};
  pipe.write("abcde");
  reader.watcher.on_readable<&Probe::take_byte>(loop, &reader, pipe.out.get());
  first.watcher.on_idle<&Probe::count>(loop, &first);
  second.watcher.on_idle<&Probe::count>(loop, &second);
  for (int i = 0; i < 5; i++) {
    loop.poll();
  }
  CHECK(reader.calls == 5);
  CHECK(first.calls == 5);
  CHECK(second.calls == 5);
}

TEST_CASE("a wake from another thread ends the loop's sleep") {
  room::enter(room::front);
  Loop loop(false);
  Probe probe{.loop = &loop, .stop_after = 1};
  probe.watcher.on_wake<&Probe::count>(loop, &probe);
  std::thread other([&] { probe.watcher.wake(); });
  loop.run();
  other.join();
  CHECK(probe.calls == 1);
  probe.stop_after = 0;
  probe.watcher.wake();
  probe.watcher.wake();
  loop.poll();
  CHECK(probe.calls == 2);
}

TEST_CASE("a callback may stop its own watcher and destroy another one that is due") {
  room::enter(room::front);
  Loop loop(false);
  Pipe pipe;
  pipe.write("a");
  Probe self{.loop = &loop};
  self.watcher.on_readable<&Probe::stop_self>(loop, &self, pipe.out.get());
  loop.poll();
  loop.poll();
  CHECK(self.calls == 1);

  Probe killer{.loop = &loop};
  Probe victim{.loop = &loop};
  killer.other = std::make_unique<Watcher>();
  killer.watcher.on_idle<&Probe::destroy_other>(loop, &killer);
  killer.other->on_readable<&Probe::count>(loop, &victim, pipe.out.get());
  loop.poll();
  CHECK(killer.calls == 1);
  CHECK(victim.calls == 0);
}

TEST_CASE("a watcher may be moved while it is active, and started again as another kind") {
  room::enter(room::front);
  Loop loop(false);
  Probe probe{.loop = &loop};
  Watcher first;
  first.on_idle<&Probe::count>(loop, &probe);
  Watcher second(std::move(first));
  loop.poll();
  CHECK(probe.calls == 1);
  CHECK_FALSE(first.is_active());
  second.on_time<&Probe::count>(loop, &probe, 3'600'000'000'000);
  loop.poll();
  CHECK(probe.calls == 1);
  CHECK(second.is_active());
}

TEST_CASE("the main loop receives signals, and a stop before run is not lost") {
  room::enter(room::front);
  Loop loop(true);
  Probe probe{.loop = &loop, .stop_after = 1};
  probe.watcher.on_signal<&Probe::count>(loop, &probe, SIGUSR2);
  REQUIRE(raise(SIGUSR2) == 0);
  loop.run();
  CHECK(probe.calls == 1);
  loop.stop();
  loop.run();
  CHECK(probe.calls == 1);
}

}  // namespace
}  // namespace stook
