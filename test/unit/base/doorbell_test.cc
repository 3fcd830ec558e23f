// SPDX-License-Identifier: Apache-2.0
#include "core/base/doorbell.hh"

#include <catch2/catch.hpp>
#include <thread>

#include "core/base/clock.hh"
#include "core/base/link.hh"

using namespace stook;

TEST_CASE("a ring before the wait is not lost") {
  Doorbell bell;
  bell.hush();
  bell.ring();
  int64_t start = monotonic_ns();
  bell.wait_until(start + 60'000'000'000);
  CHECK(monotonic_ns() - start < 30'000'000'000);
}

TEST_CASE("a wait with a deadline ends there") {
  Doorbell bell;
  bell.hush();
  int64_t start = monotonic_ns();
  bell.wait_until(start + 5'000'000);
  CHECK(monotonic_ns() - start >= 5'000'000);
}

TEST_CASE("everything sent over a link arrives in order and comes home, with both sides asleep in between") {
  constexpr int count = 20000;
  std::vector<int> items(count);
  Link<int> link(count);
  Doorbell there;
  Doorbell here;
  int out_of_order = 0;
  std::thread guest([&] {
    for (int got = 0; got < count;) {
      there.hush();
      int* item = link.receive();
      if (item == nullptr) {
        there.wait();
        continue;
      }
      out_of_order += item != &items[static_cast<size_t>(got)] ? 1 : 0;
      got++;
      link.give_back(item);
      here.ring();
    }
  });
  int home = 0;
  for (int i = 0; i < count; i++) {
    link.send(&items[static_cast<size_t>(i)]);
    there.ring();
  }
  while (home < count) {
    here.hush();
    bool any = false;
    while (link.come_home() != nullptr) {
      home++;
      any = true;
    }
    if (!any) {
      here.wait();
    }
  }
  guest.join();
  CHECK(out_of_order == 0);
  CHECK(link.is_empty());
}
