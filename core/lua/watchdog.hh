// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Ends what a script does beyond its budget of CPU time, without a permanent hook: one thread looks at the
/// running states each 50 ms and signals the thread of the one that overran; the signal's handler arms a hook.
#pragma once

#include <time.h>

#include <atomic>
#include <cstdint>
#include <string>

struct lua_State;

namespace stook {

/// One state as the watchdog sees it. The budget holds for each call into Lua: a row, a set-up.
/// *Invariants:* `sequence_` is odd while the state runs; a hook stays armed until `next` or `leave`, so that no pcall of
/// the script outlives it. *Rooms:* one thread enters at a time; the watchdog's thread reads the atomics.
class Watched {
 public:
  Watched(lua_State* state, int64_t budget, std::string name);
  ~Watched();
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  /// Before a protected call, by the thread that makes it.
  void enter();
  /// Between two rows within one protected call: the budget starts again. Cost: one store.
  void next_row() { sequence_.store(sequence_.load(std::memory_order_relaxed) + 2, std::memory_order_relaxed); }
  /// After a protected call failed, before the next one: forgets what was armed.
  void recover();
  void leave();

  /// Enter and leave for start-up: no thread, but a count hook, for there nobody minds its cost.
  void enter_counted();
  void leave_counted();

  /// Whether the budget of the running call is spent. C functions with loops of their own ask it.
  bool is_over() const;

  /// Whether the running call is start-up's.
  bool is_starting() const { return deadline_ != 0; }

  /// Says which coroutine runs from here on, and gives the one before.
  lua_State* run_in(lua_State* state) { return current_.exchange(state, std::memory_order_relaxed); }
  /// Arms the hook that ends all that runs in the state.
  static void stop(lua_State* state);

 private:
  friend class Watchdog;
  friend void end_by_signal(int);
  void attach();

  lua_State* main_;
  int64_t budget_;
  std::string name_;
  bool is_registered_ = false;
  // Written by the state's thread and read by it again in the signal's handler: relaxed.
  std::atomic<lua_State*> current_;
  std::atomic<bool> is_over_{false};
  // Written by the state's thread, read by the watchdog. Sequentially consistent at enter, so that either the watchdog
  // sees it before it sleeps, or the state's thread sees the watchdog asleep and rings.
  std::atomic<uint64_t> sequence_{0};
  // Written by the watchdog before it signals, read in the handler: the sequence that overran.
  std::atomic<uint64_t> asked_{0};
  // The thread's CPU time when the watchdog first saw this sequence; written by it before `asked_`, read in the handler.
  std::atomic<int64_t> seen_at_{0};
  // Written in the handler, read by the watchdog, which sets it to 0 for a new sequence: CPU time since `seen_at_`, as
  // the thread itself has it. Late is harmless.
  std::atomic<int64_t> spent_{0};
  // Written by the state's thread before the sequence, which publishes them.
  std::atomic<int> thread_{0};
  std::atomic<clockid_t> clock_{0};
  // Start-up only: CPU time of the thread at which the budget is spent, 0 for none.
  int64_t deadline_ = 0;
  // The watchdog's own.
  uint64_t seen_ = 0;
};

}  // namespace stook
