// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Runs one plan as a process: signals, the ledger on request, the end.
#pragma once

#include <memory>

#include "core/api/loop.hh"
#include "core/base/room.hh"
#include "core/plan/plan.hh"
#include "core/run/engine.hh"
#include "core/run/supervision.hh"

namespace stook {

/// What stookd and `stook run` end with.
enum class Exit : int { Well = 0, Dropped = 1, Usage = 2, Setup = 3 };

/// TERM and INT drain and end, a second one ends at once; HUP and USR1 open files again; USR2 logs the ledger.
/// *Rooms:* main.
class Service {
 public:
  explicit Service(const Plan& plan);
  /// Opens everything. Throws SetupError.
  void start() ROOM(front);
  /// Runs until all sources have ended or a signal asks to end. Dropped: rows were lost for a fault, are kept as
  /// letters, or were not delivered in time.
  Exit run() ROOM(front);

  Loop& loop() { return loop_; }
  Engine& engine() { return *engine_; }
  Supervision& supervision() { return *supervision_; }

 private:
  void on_stop() ROOM(front);
  void on_reload() ROOM(front);
  void on_reopen() ROOM(front);
  void on_report() ROOM(front);

  Loop loop_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Supervision> supervision_;
  Watcher term_;
  Watcher int_;
  Watcher hup_;
  Watcher usr1_;
  Watcher usr2_;
  bool is_stopping_ = false;
};

/// Writes each line of a report to the log, event `ledger`.
void log_report(const Report& report);

}  // namespace stook
