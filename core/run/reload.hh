// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Reload: takes a running engine from one plan to the next, and back again when that fails.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/api/loop.hh"
#include "core/base/room.hh"
#include "core/plan/compare.hh"
#include "core/plan/plan.hh"
#include "core/run/carrier.hh"
#include "core/run/front.hh"
#include "core/run/route_run.hh"
#include "core/run/worker.hh"

namespace stook {

class Engine;

/// In stages, each of which waits for other threads by notices and never blocks main:
/// 1. *Building*: new sinks open on carriers of their own, new filters and encoders are made in the workers.
/// 2. *Leaving*: sources that go away read what has come to addresses at which nobody will listen. *Draining*: the sources of
/// the routes that change are held, until all that they fed is delivered and settled. Where a filter gave up nothing would
/// be: once all others are drained, *giving way* has those rows fail, after a source with positions forgot them.
/// 3. *Attaching*: workers and carriers take in the new routes and forget the old ones.
/// 4. *Closing*: sources that go away write down their positions. 5. *Starting*: new sources start.
/// 6. *Moving*: sources that stay feed the new routes, and go on. 7. *Reworking*: filters of which only the script has
/// changed, made anew in 1, take the place of those that run, between two bundles; no route is drained for that.
/// A failure in 1 or 2 leaves everything as it was; sources that forgot rows read them again. One in 5 is followed by a
/// reload back to the former plan.
/// *Invariants:* routes that are the same in both plans are not touched; a sink that is in both keeps its carrier.
/// *Rooms:* main.
class Reload {
 public:
  /// Told once, at the end: what failed, or nothing.
  using Done = std::function<void(const std::string& failure)>;

  explicit Reload(Engine& engine) : engine_(engine) {}
  ~Reload();

  /// REQUIRES: the engine has started, and no reload runs. May call `done` before it returns.
  void begin(std::shared_ptr<Plan> plan, Done done) ROOM(front);
  bool is_running() const { return stage_ != Stage::Idle; }
  /// Something has come home: goes on as far as it can.
  void step() ROOM(front);
  /// The engine stops: gives up what has not been swapped yet, and finishes what has.
  void cancel() ROOM(front);
  /// The engine ends its threads at once: hands it all that was made.
  void give_up() ROOM(front);

  /// Of the last reload: instances by id.
  const Comparison& comparison() const { return comparison_; }
  size_t routes_kept() const { return routes_kept_; }
  size_t routes_swapped() const { return changes_most_; }

 private:
  enum class Stage {
    Idle,
    Building,
    Leaving,
    GivingWay,
    Draining,
    Forgetting,
    Attaching,
    Closing,
    Starting,
    Moving,
    Reworking,
    Undoing,
    Releasing
  };
  enum class Turn { Changed, Restarted, Added, Removed };
  /// Changed: the same source with other stacks. Restarted: another source of the same id.
  struct Change {
    Turn turn;
    RouteRun* old = nullptr;
    std::unique_ptr<RouteRun> next;
    RouteRun* run = nullptr;  // next, wherever it is owned
    bool is_left = false;     // old is, by its source
    bool is_held = false;     // old is
    bool gives_way = false;   // old does
    bool ends_source() const { return turn == Turn::Restarted || turn == Turn::Removed; }
    bool starts_source() const { return turn == Turn::Restarted || turn == Turn::Added; }
  };

  // reload_build.cc
  void prepare(std::shared_ptr<const Plan> plan) ROOM(front);
  void compare_routes(bool keeps_none) ROOM(front);
  void build_carriers() ROOM(front);
  void build_routes() ROOM(front);
  void post_replicas() ROOM(front);
  void post_fresh() ROOM(front);
  void commit() ROOM(front);
  bool is_wanted(const Instance& sink) const;
  std::vector<RouteRun*> routes_in() const;
  std::vector<RouteRun*> routes_out() const;

  // reload_drain.cc
  void leave() ROOM(front);
  void look_at_left() ROOM(front);
  void hold() ROOM(front);
  void hold_ready() ROOM(front);
  static bool stands_still(const Change& change);
  static bool is_drained(const Change& change);
  bool can_give_way() const;
  void forget(Change& change) ROOM(front);
  void give_way() ROOM(front);
  bool is_filled(const Change& change) const;
  void look_at_drained() ROOM(front);
  void overdue() ROOM(front);
  void drop_blocked() ROOM(front);

  // reload_swap.cc
  void attach() ROOM(front);
  void swap_routes(Worker& worker, const std::vector<RouteRun*>& in, const std::vector<RouteRun*>& out) ROOM(front);
  void on_front(Front& front, std::function<void()> work) ROOM(front);
  void post_works() ROOM(front);
  void close_old() ROOM(front);
  void start_new() ROOM(front);
  void move_feeds() ROOM(front);
  void rework() ROOM(front);
  void tick_now() ROOM(front);
  void drop_fresh() ROOM(front);

  // reload.cc
  bool are_home() ROOM(front);
  std::string take_failure() ROOM(front);
  void undo(const std::string& why) ROOM(front);
  void release_held() ROOM(front);
  void after_moving() ROOM(front);
  void after_reworking() ROOM(front);
  void finish() ROOM(front);
  std::vector<std::unique_ptr<Worker>>& workers() ROOM(front);

  Engine& engine_;
  Stage stage_ = Stage::Idle;
  std::shared_ptr<const Plan> plan_;      // the one to come
  std::shared_ptr<const Plan> previous_;  // shared: to go back to
  Done done_;
  std::string failure_;
  bool is_going_back_ = false;
  bool is_overdue_ = false;
  Comparison comparison_;
  size_t routes_kept_ = 0;
  size_t changes_most_ = 0;
  std::vector<Change> changes_;
  std::vector<Calls*> awaited_;
  std::map<Front*, Calls::Works> works_;
  std::vector<std::unique_ptr<Front>> new_fronts_;
  std::vector<std::unique_ptr<Worker>> new_workers_;  // empty unless their number changes
  std::vector<std::unique_ptr<Carrier>> new_carriers_;
  Watcher deadline_;
};

}  // namespace stook
