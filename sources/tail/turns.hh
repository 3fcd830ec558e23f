// SPDX-License-Identifier: Apache-2.0
/// Whose turn it is to be read: files that may have more, and files that wait for a time. Room: the source's front.
#pragma once

#include <utility>
#include <vector>

#include "core/api/source.hh"
#include "sources/tail/checkpoint.hh"
#include "sources/tail/files.hh"
#include "sources/tail/reading.hh"

namespace stook {

/// Reads a bundle's worth of each file that is ready, in turn.
/// *Invariants:* a file with unread bytes is ready, or an event or poll will make it so, or it waits for another one; a
/// file with an unfinished line, held back, or away is waiting, and the timer knows. *Rooms:* the source's front.
class Turns {
 public:
  struct Setup {
    size_t max_line;
    int64_t partial_flush;
    int64_t linger;
    int64_t linger_most;
    /// Bytes a second, 0 for no limit.
    uint64_t io_limit;
  };
  explicit Turns(const Setup& setup) : setup_(setup), reader_(setup.max_line) {}
  void attach(Feed& feed, Files& files, Checkpoint& checkpoint) ROOM(front);

  /// The file may have something to read.
  void add(Tailed& file) ROOM(front) { add(ready_, &Tailed::is_ready, file); }
  /// Reads a bundle from each file that is ready; those with more take their next turn when the loop is idle.
  void run() ROOM(front);
  void pause() ROOM(front);
  void resume() ROOM(front);
  /// Says `finish` to the feed when nothing is ready any more.
  void finish() ROOM(front) { is_ending_ = true; }
  void stop() ROOM(front);

 private:
  static void add(std::vector<Tailed*>& list, bool Tailed::*is_in, Tailed& file) {
    if (!std::exchange(file.*is_in, true)) {
      list.push_back(&file);
    }
  }
  void wait(Tailed& file) ROOM(front) { add(waiting_, &Tailed::is_waiting, file); }
  void let_next(Tailed& file) ROOM(front);
  void settle(Tailed& file, Reading reading) ROOM(front);
  bool is_held(Tailed& file) ROOM(front);
  bool add_original(Tailed& file) ROOM(front);
  Reading read(Tailed& file) ROOM(front);
  bool is_limited() ROOM(front);
  void on_timer() ROOM(front);
  void on_due(Tailed& file, int64_t now) ROOM(front);
  void schedule() ROOM(front);
  int64_t due(const Tailed& file) const ROOM(front);

  const Setup setup_;
  Feed* feed_ OWNED(front) = nullptr;
  Files* files_ OWNED(front) = nullptr;
  Checkpoint* checkpoint_ OWNED(front) = nullptr;
  TailReader reader_ OWNED(front);
  Watcher idle_ OWNED(front), timer_ OWNED(front), window_ OWNED(front);
  std::vector<Tailed*> ready_ OWNED(front), turn_ OWNED(front), waiting_ OWNED(front);
  int64_t window_end_ OWNED(front) = 0;
  uint64_t window_bytes_ OWNED(front) = 0;
  bool is_paused_ OWNED(front) = false, is_ending_ OWNED(front) = false, has_stopped_ OWNED(front) = false;
};

}  // namespace stook
