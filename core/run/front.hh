// SPDX-License-Identifier: Apache-2.0
/// Floor 4. A front: one libev loop, the sources that live on it, and what comes home to them.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "core/api/loop.hh"
#include "core/base/room.hh"
#include "core/data/receipt.hh"
#include "core/run/calls.hh"
#include "core/run/thread_clock.hh"

namespace stook {

class RouteFeed;
class Vigil;

/// *Rooms:* its own thread is its front; `bundle_home` and `receive` are called by workers and carriers; main posts calls.
class Front {
 public:
  /// The main front, on the main loop.
  Front(size_t number_, Loop& loop, Notice& notice);
  /// An own front makes its loop and runs it in its own thread.
  Front(size_t number_, Notice& notice);

  Loop& loop() { return *loop_; }
  bool is_own() const { return own_loop_ != nullptr; }

  /// Starts listening to wake-ups; and the thread of an own front.
  void launch() ROOM(front);
  /// Main: CPU time of the thread (ns); 0: it has none.
  int64_t cpu_ns() const { return cpu_ns_of(thread_); }
  void join();
  /// Main: has the front run these between two callbacks.
  void call(Calls::Works works) ROOM(front) {
    calls_.post(std::move(works));
    wake();
  }
  Calls& calls() ROOM(front) { return calls_; }

  /// Takes a feed in; starting its source is another matter.
  void add_feed(RouteFeed& feed) ROOM(front);
  void remove_feed(RouteFeed& feed) ROOM(front);

  /// All sources have ended or stopped, all their rows are settled, and no route is being changed.
  bool is_done() const { return is_done_.load(std::memory_order_acquire); }

  /// Any thread: asks the front to look around.
  void wake() { wake_.wake(); }
  /// A worker, after it gave a bundle back.
  void bundle_home() {
    if (credit_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      wake();
    }
  }
  /// Whoever settled a receipt last sends it home.
  void receive(Receipt* receipt) {
    receipt->next = home_.load(std::memory_order_relaxed);
    while (!home_.compare_exchange_weak(receipt->next, receipt, std::memory_order_release, std::memory_order_relaxed)) {
    }
    if (credit_.fetch_add(0, std::memory_order_acq_rel) <= 0 || has_many_.load(std::memory_order_relaxed)) {
      wake();
    }
  }
  /// The front is out of bundles: wake it when `bundles` of those that are out have come home, and for nothing else.
  /// REQUIRES: look for bundles once more afterwards.
  void starve(size_t bundles) ROOM(front) {
    credit_.exchange(feeds_.size() > 1 ? 1 : static_cast<int32_t>(bundles), std::memory_order_acq_rel);
  }
  /// The front has bundles again: every receipt wakes it, and so does one that came meanwhile and woke nobody. Another feed may
  /// still wait for a bundle.
  void sate() ROOM(front) {
    credit_.exchange(feeds_.size() > 1 ? 1 : 0, std::memory_order_acq_rel);
    if (home_.load(std::memory_order_acquire) != nullptr) {
      wake();
    }
  }

  /// Any thread: asks all sources of the front to stop; the front reports to the engine once all is settled.
  void ask_stop() {
    stop_asked_.store(true, std::memory_order_release);
    wake();
  }
  /// Any thread: asks all sources to open their files again.
  void ask_reopen() {
    reopen_asked_.store(true, std::memory_order_release);
    wake();
  }
  /// Ends the loop of an own front.
  void ask_end() {
    end_asked_.store(true, std::memory_order_release);
    wake();
  }

  /// A feed has sent bundles whose workers may sleep through a few turns: they are announced when a turn has brought
  /// nothing new, if nobody does it before.
  void announce_soon(RouteFeed& feed) ROOM(front);
  /// Announces what waits for it.
  void announce() ROOM(front);

  /// A feed has come to where main waits for it.
  void tell_main() ROOM(front) { notice_.give(); }

  void on_wake() ROOM(front);

  /// Stops the sources that still run, takes in what was settled, and lets each write down its positions; once. Main may
  /// call it after the threads have ended.
  void close_sources() ROOM(front);

  const size_t number;
  /// Told when a source of this front has rows out; null: nobody watches.
  Vigil* vigil = nullptr;

 private:
  void collect() ROOM(front);
  void on_turn() ROOM(front);
  void wind_up() ROOM(front);
  bool are_bundles_home(RouteFeed& feed) ROOM(front);
  bool bring_home(RouteFeed& feed) ROOM(front);

  Notice& notice_;
  Calls calls_;
  std::unique_ptr<Loop> own_loop_;
  Loop* loop_;
  Watcher wake_;
  std::thread thread_;
  std::vector<RouteFeed*> feeds_ OWNED(front);
  std::vector<RouteFeed*> to_announce_ OWNED(front);
  bool has_sent_ OWNED(front) = false;  // since the turn before
  Watcher turns_;                       // while something waits to be announced
  // Receipts on their way home, the newest first, each naming the next. Pushed by workers and carriers, taken as a whole
  // by the front: a push releases what the take acquires, and nothing is ever taken from the middle.
  std::atomic<Receipt*> home_{nullptr};
  // Written by the front while a route is at rest, read by workers and carriers that bring something home; late is
  // harmless, for `collect` follows each change.
  std::atomic<bool> has_many_{false};
  // Written by the front (starve, on_wake: exchange) and by those who bring something home (read-modify-write), so all
  // operations are in one order: either the front sees what was pushed before, or the pusher sees the front's wish.
  // Positive: so many bundles more before a wake-up. Otherwise every receipt wakes.
  std::atomic<int32_t> credit_{0};
  // Written by main, read by the front after a wake-up.
  std::atomic<bool> stop_asked_{false};
  std::atomic<bool> reopen_asked_{false};
  std::atomic<bool> end_asked_{false};
  // Written by the front, read by main after a notice.
  std::atomic<bool> is_done_{false};
};

}  // namespace stook
