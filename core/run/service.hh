// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Runs one plan as a process: signals, the ledger on request, the end.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/api/loop.hh"
#include "core/base/log.hh"
#include "core/base/room.hh"
#include "core/plan/plan.hh"
#include "core/run/engine.hh"
#include "core/run/supervision.hh"

namespace stook {

/// What stookd and `stook run` end with.
enum class Exit : int { Well = 0, Dropped = 1, Usage = 2, Setup = 3 };

/// TERM and INT drain and end, a second one ends at once; HUP reads the configuration again and opens files again, USR1
/// opens files only; USR2 logs the ledger.
/// *Rooms:* main.
class Service {
 public:
  /// `request`: what the plan was made from, and is made from again by a reload.
  Service(std::shared_ptr<const Plan> plan, PlanRequest request);
  /// Opens what belongs to the process: its signals, its control socket. Starts no thread. Throws SetupError.
  void open() ROOM(front);
  /// Opens everything else, and `open`s if that was not done. Throws SetupError.
  void start() ROOM(front);
  /// Before start: is asked what speaks against a configuration that a reload is about to go over to; nothing: empty.
  void on_check(std::function<std::string(const Plan&)> check) { check_ = std::move(check); }
  /// Runs until all sources have ended or a signal asks to end. Dropped: rows were lost for a fault, are kept as
  /// letters, or were not delivered in time.
  Exit run() ROOM(front);
  /// After run, where a thread does not end: leaves the process, and destroys nothing that the thread may use.
  [[noreturn]] void leave(Exit exit) ROOM(front);

  /// Drains and ends; a second time ends at once.
  void stop() ROOM(front);

  Loop& loop() { return loop_; }
  Engine& engine() { return *engine_; }
  Supervision& supervision() { return *supervision_; }
  /// Reads the configuration again and goes over to it; the log says how that went. What is wrong with it, a sentence a
  /// line, and then nothing changes; or nothing.
  std::string reload() ROOM(front);

 private:
  void on_reload() ROOM(front);
  std::shared_ptr<Plan> read_again(std::string& why) ROOM(front);
  void on_reloaded(const Settings& next, const std::string& failure) ROOM(front);
  void apply_settings(const Settings& next) ROOM(front);
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
  PlanRequest request_;
  // As in the plan that runs: what of it takes effect at once, and what only at the next start, is told by comparison.
  Settings settings_;
  std::function<std::string(const Plan&)> check_;
  bool is_open_ = false;
  bool is_stopping_ = false;
  bool reloads_again_ = false;  // a reload was asked for while one was under way
};

/// Levels that instances set for their own events.
std::vector<std::pair<std::string, Level>> log_levels(const Plan& plan);

/// Writes each line of a report to the log, event `ledger`.
void log_report(const Report& report);

}  // namespace stook
