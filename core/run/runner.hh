// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Runs the stacks of one route over one bundle, on one worker, to completion.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/note.hh"
#include "core/base/room.hh"
#include "core/data/pattern.hh"
#include "core/plan/plan.hh"
#include "core/run/outbox.hh"
#include "core/run/route_run.hh"

namespace stook {

class Worker;

/// Walks the route's tree depth first. A shared prefix runs once; where the tree branches, each branch but the last has
/// its own selection, and what it wrote is undone when it is left.
/// *Rooms:* its worker; meters are read by main.
class Runner {
 public:
  Runner(RouteRun& route_, Worker& worker);

  /// Makes what the lane needs: filters, encoders. Throws what their factories throw.
  void make_replicas(const Lane& lane) ROOM(worker);
  void drop_replicas() ROOM(worker);
  /// Whether this element is one of the route's.
  bool has(const Instance& instance) const;
  /// Another filter takes the place of one, wherever that is.
  void replace(const Filter& former, Filter& next) ROOM(worker);
  /// The route does not stand still any more, whoever gives up: rows fail.
  void give_way() ROOM(worker) {
    gives_way_ = true;
    stands_still.set(0);
  }
  /// And it does again, where a filter gave up.
  void stand_again() ROOM(worker);
  /// Runs a bundle. `slots[i]` is the payload reserved for sink i of the route, null when it has none to give.
  /// Afterwards the payloads hold the encoded rows and the bundle is spent.
  void run(Bundle& bundle, Payload** slots) ROOM(worker);

  /// The names of the route's keys, as this worker numbers them.
  OpenKeys& keys() ROOM(worker) { return keys_; }
  const ElementMeter& meter(size_t node) const { return nodes_[node]->meter; }
  /// Rows not encoded because the sink was full and may drop.
  const Counter& dropped_full(size_t node) const { return nodes_[node]->dropped_full; }

  /// Since when it has been running a bundle (ns, monotonic), 0: it is not; and the node it is at. Set by the worker.
  Gauge busy_since;
  Gauge busy_node;
  /// Since when a filter here fails all rows (ns, monotonic), 0: none does; its node, and why. Set by the worker.
  Gauge suspended_since;
  Gauge suspended_node;
  Note suspended_why;
  /// No bundle is started for that reason: 1, or 0.
  Gauge stands_still;
  /// Source rows that have run.
  Counter rows_taken;
  RouteRun& route;
  /// By position in route.plan.sinks.
  std::vector<Outbox*> outboxes;

 private:
  struct NodeRun {
    ElementMeter meter;
    Counter dropped_full;
    std::vector<Filter*> filters;  // by lane of the route
    std::unique_ptr<Codec> codec;
    Pattern address;                 // of a sink whose target depends on the row
    std::vector<int64_t> next_tick;  // by lane of the route when each has a replica, else one
  };
  void walk(const std::vector<size_t>& children, Selection& rows, size_t level) ROOM(worker);
  void visit(size_t node, Selection& rows, size_t level) ROOM(worker);
  void run_filter(size_t node, Selection& rows, size_t level) ROOM(worker);
  void go_on(size_t node, Selection& rows, size_t level) ROOM(worker);
  void run_overflowing(size_t node, Selection& rows, size_t level) ROOM(worker);
  void fill_more(size_t node, size_t waiting, size_t level) ROOM(worker);
  void suspend(size_t node, std::string_view why) ROOM(worker);
  bool is_in_all_stacks(size_t node) const;
  size_t sinks_below(const std::vector<size_t>& nodes) const;
  void handle_faults(size_t node, Selection& rows, const Selection& faulted, size_t level) ROOM(worker);
  void encode(size_t node, Selection& rows) ROOM(worker);
  void encode_by_address(size_t node, Selection& rows, Payload& payload) ROOM(worker);
  void encode_rows(size_t node, Selection& rows, Payload& payload) ROOM(worker);
  /// Calls each witness with what passes at a node.
  void note(size_t node, const Selection& rows, const char* fate, std::string_view why) ROOM(worker);
  template <class Tell>
  void tell(size_t node, Selection& rows, Tell&& tell) ROOM(worker);
  void tell_leaves(size_t node, Selection& rows, const Selection& faulted, bool is_full = false) ROOM(worker);
  bool is_ticking() const { return bundle_->kind != Bundle::Kind::Rows; }
  Selection& level_selection(size_t level);

  Worker& worker_;
  OpenKeys keys_;
  ColumnStore columns_;  // lent to each bundle while it runs
  std::vector<std::unique_ptr<NodeRun>> nodes_;
  std::vector<std::unique_ptr<Selection>> levels_;
  bool gives_way_ = false;
  // Of the bundle at hand.
  Bundle* bundle_ = nullptr;
  Payload** slots_ = nullptr;
  int64_t now_ = 0;
  bool is_more_ = false;  // its rows are those of fill_more
  // For sinks whose target depends on the row.
  Payload address_text_;
  std::vector<std::string> addresses_;
  std::vector<uint16_t> address_of_;
  Selection group_;
};

}  // namespace stook
