// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Calls: what main wants done in another room is posted there, and run by that thread between two rounds.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "core/api/loop.hh"
#include "core/base/doorbell.hh"
#include "core/base/link.hh"
#include "core/base/room.hh"

namespace stook {

/// Tells main that something has come home: rings for a main that waits, wakes a main that runs its loop.
class Notice {
 public:
  /// Any thread. REQUIRES: `watcher` has been started.
  void give() {
    bell.ring();
    watcher.wake();
  }
  Doorbell bell;
  Watcher watcher;
};

/// The calls of one thread. A thread changes by itself what it alone may touch (its lanes, its outboxes, its feeds), so
/// the data path needs no lock for that. COLD.
/// *Invariants:* calls run in the order in which they were posted. *Rooms:* main posts and looks for what is home; the
/// owner runs.
class Calls {
 public:
  /// The most calls that are out at once.
  static constexpr size_t most = 16;

  explicit Calls(Notice& notice) : notice_(notice) {}

  /// One call: pieces of work that run one after the other, each even if one before it threw.
  using Works = std::vector<std::function<void()>>;

  /// Sends a call; the owner's bell or wake-up is the caller's business. REQUIRES: has_room().
  void post(Works works) ROOM(front) {
    all_.push_back(std::make_unique<Call>(Call{std::move(works), nullptr}));
    link_.send(all_.back().get());
  }
  bool has_room() ROOM(front) { return is_home() || all_.size() < most; }
  /// Every call has been run. Until then what they refer to must live.
  bool is_home() ROOM(front) {
    while (Call* call = link_.come_home()) {
      if (call->failure && !failure_) {
        failure_ = call->failure;
      }
      std::erase_if(all_, [&](auto& one) { return one.get() == call; });
    }
    return all_.empty();
  }
  /// What the first call that failed since the last time threw, or null.
  std::exception_ptr take_failure() ROOM(front) { return std::exchange(failure_, nullptr); }

  /// The owner: runs what was posted.
  void run() {
    while (Call* call = link_.receive()) {
      for (auto& work : call->works) {
        try {
          work();
        } catch (...) {
          call->failure = call->failure ? call->failure : std::current_exception();
        }
      }
      link_.give_back(call);
      notice_.give();
    }
  }

 private:
  struct Call {
    Works works;
    std::exception_ptr failure;
  };
  Notice& notice_;
  Link<Call> link_{most};
  std::vector<std::unique_ptr<Call>> all_ OWNED(front);
  std::exception_ptr failure_ OWNED(front);
};

}  // namespace stook
