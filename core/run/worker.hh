// SPDX-License-Identifier: Apache-2.0
/// Floor 4. A worker: scans its lanes, admits a bundle when every sink of its route has a slot, runs it to completion.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "core/api/filter.hh"
#include "core/base/doorbell.hh"
#include "core/base/link.hh"
#include "core/base/room.hh"
#include "core/data/receipt.hh"
#include "core/run/calls.hh"
#include "core/run/lane.hh"
#include "core/run/outbox.hh"
#include "core/run/reasons.hh"
#include "core/run/thread_clock.hh"
#include "core/run/witness.hh"

namespace stook {

class RouteRun;
class Runner;
struct Instance;

/// *Rooms:* its own thread is its room; the bell is rung from everywhere, and main posts calls.
class Worker {
 public:
  Worker(size_t number_, Notice& notice) : number(number_), notice_(notice), calls_(notice) {}

  /// Makes the filters and encoders that the route needs here, those that other routes have made already excepted.
  /// Throws what their factories throw.
  void make_replicas(const RouteRun& route) ROOM(worker);
  /// From here on bundles of the route's lanes run. REQUIRES: make_replicas.
  void add_route(const RouteRun& route) ROOM(worker);
  /// The opposite of both. REQUIRES: none of its bundles is on its way.
  void remove_route(const RouteRun& route) ROOM(worker);
  /// Makes the filters of an instance once more as `fresh` has them, beside those that run. Throws what its factory throws.
  void make_fresh(const Instance& instance, const Instance& fresh) ROOM(worker);
  /// These take the place of those that run: at once, or, where a filter ticks, once its last tick has made it let go of
  /// what it holds.
  void take_fresh() ROOM(worker);
  void drop_fresh() ROOM(worker);
  /// Whether the next tick of this filter is its last one, as another takes its place then.
  bool is_leaving(const Filter& filter) const ROOM(worker);
  /// The replica of a filter for a lane: one for the worker, or one for each lane, as its state asks.
  Filter* replica(const Instance& instance, const Lane& lane) ROOM(worker);

  void launch();
  /// Main: has the worker run these between two bundles.
  void call(Calls::Works works) ROOM(front) {
    calls_.post(std::move(works));
    bell.ring();
  }
  Calls& calls() ROOM(front) { return calls_; }
  /// Any thread: ends the loop once all lanes are empty.
  void ask_end() {
    end_asked_.store(true, std::memory_order_release);
    bell.ring();
  }
  /// Main: CPU time of the thread (ns); 0: it has none.
  int64_t cpu_ns() const { return cpu_ns_of(thread_); }
  void join() {
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  /// Is told of what passes here from the next bundle on. Shared with main, which reads what it has seen.
  void add_witness(std::shared_ptr<Witness> witness) ROOM(worker) { witnesses_.push_back(std::move(witness)); }
  void remove_witness(const Witness& witness) ROOM(worker) {
    std::erase_if(witnesses_, [&](auto& one) { return one.get() == &witness; });
  }
  /// Mostly empty.
  const std::vector<std::shared_ptr<Witness>>& witnesses() const ROOM(worker) { return witnesses_; }

  /// Main looks at what has changed here.
  void tell_main() ROOM(worker) { notice_.give(); }

  /// One scan over the lanes; true when anything ran. For tests, and the body of the loop.
  bool serve_once() ROOM(worker);

  const size_t number;
  Doorbell bell;
  /// Of rows that came to nothing here.
  ReasonRing reasons;

 private:
  struct Arrival {
    Lane* lane;
    size_t way;
    Runner* runner;
  };
  struct Replica {
    const Instance* instance;
    const Lane* lane;  // null: of all lanes
    std::unique_ptr<Filter> filter;
    std::shared_ptr<const void> config;
    std::unique_ptr<Filter> fresh;  // what it becomes; null: it stays
    std::shared_ptr<const void> fresh_config;
    bool is_leaving = false;
  };
  void replace(Replica& replica) ROOM(worker);
  void replace_left(const Bundle& bundle, const Runner& runner) ROOM(worker);
  void serve() ROOM(worker);
  bool admit(Arrival& arrival) ROOM(worker);
  void announce() ROOM(worker);
  void announce_in_time(int64_t now) ROOM(worker);
  void run_one(Arrival& arrival) ROOM(worker);
  void settle(Receipt* receipt) ROOM(worker);
  bool is_needed(const Replica& replica) const ROOM(worker);

  Notice& notice_;
  Calls calls_;
  std::vector<Arrival> arrivals_ OWNED(worker);
  std::vector<Replica> replicas_ OWNED(worker);
  std::vector<std::shared_ptr<Witness>> witnesses_ OWNED(worker);
  bool has_leaving_ OWNED(worker) = false;
  std::vector<Outbox*> outboxes_ OWNED(worker);
  std::vector<Payload*> slots_ OWNED(worker);  // the payloads reserved for the bundle at hand, by sink of its route
  std::thread thread_;
  // Written by main, read by the worker after a ring.
  std::atomic<bool> end_asked_{false};
};

}  // namespace stook
