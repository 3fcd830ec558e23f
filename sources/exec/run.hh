// SPDX-License-Identifier: Apache-2.0
/// One run of a program after the other, its output as rows. Room: the source's front.
#pragma once

#include <memory>

#include "core/api/child.hh"
#include "core/api/murmur.hh"
#include "core/api/source.hh"
#include "sources/exec/config.hh"
#include "sources/exec/output.hh"

namespace stook {

/// Who is told that a run is over.
class RunOwner {
 public:
  virtual ~RunOwner() = default;
  /// All that the program wrote is in rows. From within a callback of the loop, or `resume`.
  virtual void run_ended(const Ending& ending, pid_t pid) ROOM(front) = 0;
};

/// *Invariants:* a run lasts until the program has ended and what it wrote has become rows; there is one at a time.
/// *Rooms:* its source's front.
class ProgramRun {
 public:
  /// How long a program has to end after SIGTERM, and its descendants to close the pipe after its end.
  static constexpr int64_t grace = 1'000'000'000;

  explicit ProgramRun(const ExecConfig& config);

  /// Before the first run.
  void attach(Feed& feed, RunOwner& owner) ROOM(front);
  /// Starts a run. Throws SetupError. REQUIRES: !is_on().
  void launch() ROOM(front);
  bool is_on() const ROOM(front) { return child_.is_started(); }
  void pause() ROOM(front);
  void resume() ROOM(front);
  /// SIGTERM now, SIGKILL a second later; the run goes on until what is in the pipe has been read.
  void ask_end() ROOM(front);
  /// Kills it and says how many lines nobody has read.
  uint64_t abandon() ROOM(front);
  /// Lines cut at max_line so far.
  uint64_t truncated() const ROOM(front) { return out_.truncated() + err_.truncated(); }

 private:
  void on_child() ROOM(front);
  void on_murmur() ROOM(front);
  void on_timeout() ROOM(front);
  void on_grace() ROOM(front);
  void turn_out() ROOM(front) { turn(out_); }
  void turn_err() ROOM(front) { turn(err_); }
  void turn(ProgramOutput& output) ROOM(front);
  void arm() ROOM(front);
  template <auto F>
  void arm(ProgramOutput& output, Watcher& watcher) ROOM(front);
  void settle() ROOM(front);
  bool put_exit() ROOM(front);
  void stop_watching() ROOM(front);

  const ExecConfig& config_;
  Feed* feed_ = nullptr;
  RunOwner* owner_ = nullptr;
  Child child_;
  ProgramOutput out_;
  ProgramOutput err_;
  std::unique_ptr<Murmur> murmur_;
  Watcher out_watch_;
  Watcher err_watch_;
  Watcher murmur_watch_;
  Watcher child_watch_;
  Watcher timeout_watch_;
  Watcher grace_watch_;
  bool is_paused_ = false;
};

}  // namespace stook
