// SPDX-License-Identifier: Apache-2.0
/// Floor 4. A worker: scans its lanes, admits a bundle when every sink of its route has a slot, runs it to completion.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "core/api/filter.hh"
#include "core/base/doorbell.hh"
#include "core/base/link.hh"
#include "core/base/room.hh"
#include "core/data/receipt.hh"
#include "core/run/lane.hh"
#include "core/run/outbox.hh"

namespace stook {

class Runner;
struct Instance;

/// *Rooms:* its own thread is its room; the bell is rung from everywhere.
class Worker {
 public:
  explicit Worker(size_t number_) : number(number_) {}

  /// Before start: a lane whose bundles arrive here by that way, run by that runner.
  void add_lane(Lane& lane, size_t way, Runner& runner);
  /// Before start: the outbox to a carrier, made when it is new.
  Outbox& outbox(Carrier& carrier, size_t lanes, size_t slots);
  const std::vector<std::unique_ptr<Outbox>>& outboxes() const { return outboxes_; }

  /// The replica of a filter for a lane: one for the worker, or one for each lane, as its state asks.
  Filter* replica(const Instance& instance, const Lane& lane) ROOM(worker);

  /// Starts the thread; waits until all replicas are made in it, and throws what they throw.
  void launch();
  /// Any thread: ends the loop once all lanes are empty.
  void ask_end() {
    end_asked_.store(true, std::memory_order_release);
    bell.ring();
  }
  void join() {
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  /// One scan over the lanes; true when anything ran. For tests, and the body of the loop.
  bool serve_once() ROOM(worker);
  /// All payload slots are home. REQUIRES: the thread has ended.
  bool is_full();

  const size_t number;
  Doorbell bell;
  /// Receipts go home here, by number of the front.
  std::vector<Queue<Receipt>*> receipts;

 private:
  struct Arrival {
    Lane* lane;
    size_t way;
    Runner* runner;
  };
  void serve() ROOM(worker);
  bool admit(Arrival& arrival) ROOM(worker);
  void announce() ROOM(worker);
  void run_one(Arrival& arrival) ROOM(worker);
  void settle(Receipt* receipt) ROOM(worker);

  struct Replica {
    const Instance* instance;
    const Lane* lane;  // null: of all lanes
    std::unique_ptr<Filter> filter;
  };

  std::vector<Arrival> arrivals_;
  std::vector<Replica> replicas_ OWNED(worker);
  std::vector<std::unique_ptr<Outbox>> outboxes_;
  std::vector<Payload*> slots_;  // the payloads reserved for the bundle at hand, by sink of its route
  std::thread thread_;
  // Written by main, read by the worker after a ring.
  std::atomic<bool> end_asked_{false};
};

}  // namespace stook
