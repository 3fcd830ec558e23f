// SPDX-License-Identifier: Apache-2.0
/// Floor 4. A front: one libev loop, the sources that live on it, and what comes home to them.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

#include "core/api/loop.hh"
#include "core/base/doorbell.hh"
#include "core/base/link.hh"
#include "core/base/room.hh"
#include "core/data/receipt.hh"

namespace stook {

class Engine;
class RouteFeed;
class Vigil;

/// *Rooms:* its own thread is its front; `bundle_home` and `receipt_home` are called by workers and carriers.
class Front {
 public:
  /// The main front, on the main loop.
  Front(Engine& engine, size_t number_, Loop& loop) : number(number_), engine_(engine), loop_(&loop) {}
  /// An own front makes its loop and runs it in its own thread.
  Front(Engine& engine, size_t number_)
      : number(number_), engine_(engine), own_loop_(std::make_unique<Loop>(false)), loop_(own_loop_.get()) {}

  Loop& loop() { return *loop_; }
  bool is_own() const { return own_loop_ != nullptr; }

  /// Starts the wake-up watcher; then each source by its feed. Throws SetupError.
  void open() ROOM(front);
  /// Starts the thread of an own front, and its sources in it; throws what they throw.
  void launch();
  void join();
  /// All sources have ended or stopped, and all their rows are settled.
  bool is_done() const { return is_done_.load(std::memory_order_acquire); }

  /// Any thread: asks the front to look around.
  void wake() { wake_.wake(); }
  /// A worker, after it gave a bundle back.
  void bundle_home() {
    if (credit_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      wake();
    }
  }
  /// Whoever settled a receipt last, after pushing it home.
  void receipt_home() {
    if (credit_.fetch_add(0, std::memory_order_acq_rel) <= 0 || feeds.size() > 1) {
      wake();
    }
  }
  /// The front is out of bundles: wake it when `bundles` of those that are out have come home, and for nothing else.
  /// REQUIRES: look for bundles once more afterwards.
  void starve(size_t bundles) ROOM(front) {
    credit_.exchange(feeds.size() > 1 ? 1 : static_cast<int32_t>(bundles), std::memory_order_acq_rel);
  }
  /// The front has bundles again: every receipt wakes it.
  void sate() ROOM(front) { credit_.exchange(0, std::memory_order_acq_rel); }

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

  void on_wake() ROOM(front);

  /// Stops the sources that still run, takes in what was settled, and lets each write down its positions; once. Main may
  /// call it after the threads have ended.
  void close_sources() ROOM(front);

  const size_t number;
  /// Told when a source of this front has rows out; null: nobody watches.
  Vigil* vigil = nullptr;
  /// Filled before start, constant afterwards.
  std::vector<RouteFeed*> feeds;
  /// Receipts on their way home, one queue for each worker and carrier.
  std::vector<std::unique_ptr<Queue<Receipt>>> receipts;

 private:
  void collect() ROOM(front);
  void wind_up() ROOM(front);
  void run_thread(std::exception_ptr& failure, Doorbell& started);

  Engine& engine_;
  std::unique_ptr<Loop> own_loop_;
  Loop* loop_;
  Watcher wake_;
  std::thread thread_;
  // Written by the front (starve, on_wake: exchange) and by those who bring something home (read-modify-write), so all
  // operations are in one order: either the front sees what was pushed before, or the pusher sees the front's wish.
  // Positive: so many bundles more before a wake-up. Otherwise every receipt wakes.
  std::atomic<int32_t> credit_{0};
  // Written by main, read by the front after a wake-up.
  std::atomic<bool> stop_asked_{false};
  std::atomic<bool> reopen_asked_{false};
  std::atomic<bool> end_asked_{false};
  // Written by the front, read by main after a wake-up.
  std::atomic<bool> is_done_{false};
  bool has_closed_ = false;
};

}  // namespace stook
