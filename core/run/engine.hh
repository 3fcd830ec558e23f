// SPDX-License-Identifier: Apache-2.0
/// Floor 4. The engine: builds fronts, workers and carriers from a Plan, starts them, drains them, reports on them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/loop.hh"
#include "core/base/room.hh"
#include "core/plan/plan.hh"
#include "core/run/calls.hh"
#include "core/run/carrier.hh"
#include "core/run/engine_meters.hh"
#include "core/run/front.hh"
#include "core/run/health.hh"
#include "core/run/report.hh"
#include "core/run/route_run.hh"
#include "core/run/standing.hh"
#include "core/run/worker.hh"

namespace stook {

class RawText;
class Reload;
class Taps;

/// Runs a Plan, and other plans after it: Reload takes it from one to the next.
/// *Invariants:* the world is quiescent exactly when every pool is full.
/// *Rooms:* main, which is the first front.
class Engine {
 public:
  /// `plan` and `loop` outlive the engine.
  Engine(const Plan& plan, Loop& loop);
  /// Shared: the plan lives as long as any of its routes runs.
  Engine(std::shared_ptr<const Plan> plan, Loop& loop);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Carriers open their sinks, workers make their replicas, sources start. Throws SetupError or what a factory throws;
  /// then everything that had started is ended again.
  void start() ROOM(front);
  /// Sources stop; what they have fed is delivered for at most `stop_timeout`; then the main loop stops.
  void stop() ROOM(front);
  /// Ends without waiting for what is on its way; sources keep the positions that are acknowledged.
  void abandon() ROOM(front);
  /// Sources and sinks open their files again by path.
  void reopen() ROOM(front);
  /// Ends all threads. Called by main after its loop has stopped. True when everything was delivered.
  bool finish() ROOM(front);
  /// After finish: a sink's call has not returned, so the process can only be left by `_exit`.
  bool has_stuck_thread() const { return has_stuck_thread_; }
  /// Waits for it all the same, so that the engine may be destroyed.
  void join_stuck() ROOM(front) { join_carriers(-1); }
  bool is_stopping() const { return is_stopping_; }
  /// Whom to call when a route stands still as a filter gave up: its rows wait for a reload.
  void on_standstill(std::function<void()> call) ROOM(front) { on_standstill_ = std::move(call); }
  /// The way to another plan.
  Reload& reload() { return *reload_; }
  /// Who looks at rows as they pass.
  Taps& taps() { return *taps_; }

  /// What went in, out and where to, since the start, at this moment. Numbers of rows on their way may be a little behind.
  Report report() const;
  /// How far each source's rows have come, and who has the oldest, at this moment.
  Standings standings(int64_t now) const;
  Standings standings() const;
  /// For a signal handler: what each thread is at and how each queue stands, by loads alone. `thread`: whose name it is that
  /// has crashed.
  void write_state(RawText& out, std::string_view thread, int64_t now) const;
  Health& health() { return health_; }
  /// What is counted beside the rows, at this moment. The histograms in it live until the loop goes on.
  EngineMeters meters() const;
  const Plan& plan() const { return *plan_; }
  /// The element that has run for longest without coming back, if any has for more than a moment.
  Holder slowest_element(int64_t now) const;
  /// Every bundle, payload and receipt is home. REQUIRES: finish() has returned.
  bool is_all_home() ROOM(front);

 private:
  friend class Reload;
  friend class Taps;

  void build() ROOM(front);
  std::unique_ptr<RouteRun> build_route(const std::shared_ptr<const Plan>& plan, const Route& route, Front& front,
                                        const std::vector<std::unique_ptr<Worker>>& workers,
                                        const std::vector<std::unique_ptr<Carrier>>& more);
  Carrier* carrier_of(const Instance& sink) const;
  /// Gives the carrier of a sink whose refused rows have a stack the way to it.
  void route_refused(Carrier& carrier);
  /// Gives the feed of such a stack its end of that way; `more` as for build_route.
  void take_refusals(RouteRun& route, const std::vector<std::unique_ptr<Carrier>>& more) const;
  /// Stacks for refused rows end when nothing more comes to their sinks.
  void end_refusals() ROOM(front);
  // engine_spools.cc
  /// Spools that a sink of the next plan has no more, and that no other sink of it takes: they are emptied first.
  std::vector<SpoolSettings> spools_to_leave(const Instance& sink, const Plan& next) const;
  /// A carrier has it, or may have it yet.
  bool is_spool_in_use(const std::string& folder) const;
  /// The carrier that has taken over, or will, the spool of a former one, or null.
  Carrier* heir_of(const Carrier& former) const;
  /// Has those end that are used no more. One of whose spool the heir could not read what is in it delivers that first.
  void end_former_carriers() ROOM(front);
  /// The rows that a former carrier has left in its spool are those that its heir has found there.
  void pass_on_rows(const Carrier& former, std::vector<ReportLine>& lines) ROOM(front);
  void say_left_spools() const ROOM(front);
  void count_found_again() ROOM(front);
  void await(Calls& calls) ROOM(front);
  void start_front(Front& front) ROOM(front);
  void on_notice() ROOM(front);
  void ask_stop() ROOM(front);
  void tell_what_is_out() ROOM(front);
  /// Every front is.
  bool is_done() const;
  void end_threads(bool abandon) ROOM(front);
  void join_carriers(int64_t deadline) ROOM(front);
  void reap() ROOM(front);
  bool is_used(const Front& front) const;
  Holder running_element(size_t worker, int64_t now) const;
  Holder holding_filter(const RouteRun& route, int64_t oldest_at, int64_t now) const;
  /// The filter that gave up, if one has.
  static Holder suspended_filter(const RouteRun& route);
  std::vector<std::string> suspended_filters() const;
  static bool stands_still(const RouteRun& route);
  bool stands_still() const;
  Holder holder_of(const RouteRun& route, int64_t oldest_at, int64_t now) const;
  void add_spooling_sinks(Standings& standings) const;

  std::shared_ptr<const Plan> plan_;
  Loop& loop_;
  Notice notice_;
  // Members are destroyed from the last to the first: threads, then what they refer to, then the loops of its watchers.
  std::vector<std::unique_ptr<Front>> fronts_;
  std::vector<std::unique_ptr<RouteRun>> routes_;
  std::vector<std::unique_ptr<RouteRun>> former_routes_;  // at rest, until no thread refers to them
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<Worker>> former_workers_;
  std::vector<std::unique_ptr<Carrier>> carriers_;
  std::vector<std::unique_ptr<Carrier>> former_carriers_;
  std::vector<ReportLine> former_;  // what has ended, by element
  /// Rows in a spool that no sink has. They count as its former sink's, until that has the spool again.
  struct LeftRows {
    std::string folder;
    std::string sink;
    uint64_t rows;
  };
  std::vector<LeftRows> left_rows_;
  Health health_{[this] { return standings(); }};
  std::unique_ptr<Reload> reload_;
  std::unique_ptr<Taps> taps_;
  uint32_t lane_number_ = 0;
  size_t front_number_ = 0;
  Watcher deadline_;
  std::function<void()> on_standstill_;
  bool is_stopping_ = false;
  bool has_ended_ = false;
  bool has_stuck_thread_ = false;
  bool has_waited_for_sources_ = false;
  bool is_abandoned_ = false;
  bool is_all_home_ = false;
  int64_t started_at_ = 0;
};

}  // namespace stook
