// SPDX-License-Identifier: Apache-2.0
/// Floor 4. A carrier: the thread of one sink. Gathers payloads, puts dealt lanes back in order, and
/// hands them to its delivery.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "core/base/doorbell.hh"
#include "core/base/link.hh"
#include "core/base/room.hh"
#include "core/data/receipt.hh"
#include "core/plan/plan.hh"
#include "core/run/delivery.hh"
#include "core/run/outbox.hh"

namespace stook {

/// *Rooms:* its own thread is its room.
class Carrier {
 public:
  Carrier(const Instance& instance_, size_t lanes);
  ~Carrier();

  /// Before start: payloads come by this outbox.
  void add_outbox(Outbox& outbox) { outboxes_.push_back(&outbox); }
  /// Before start: payloads of this lane come by several outboxes and in any order, at most `slots` of them at once.
  void reorder_lane(uint32_t lane, size_t slots);

  /// Makes and opens the sink in its thread; waits for it, and throws what that throws.
  void launch();
  /// Any thread: ends once nothing waits; with `abandon`, even if something waits.
  void ask_end(bool abandon);
  void join();
  /// Any thread: asks the sink to open its target again.
  void ask_reopen() {
    reopen_asked_.store(true, std::memory_order_release);
    bell.ring();
  }

  /// One round: gather, deliver, settle. True when anything moved. For tests, and the body of the loop.
  bool serve_once() ROOM(carrier);

  const Instance& instance;
  Doorbell bell;
  SinkMeter meter;
  /// Receipts go home here, by number of the front.
  std::vector<Queue<Receipt>*> receipts;

 private:
  /// Payloads of one dealt lane that came before their turn, by sequence.
  struct Order {
    uint64_t next = 1;
    std::vector<Payload*> early;
  };
  void serve() ROOM(carrier);
  void gather() ROOM(carrier);
  void take(Payload* payload) ROOM(carrier);
  void finish(Payload* payload, Fate fate) ROOM(carrier);

  std::vector<Outbox*> outboxes_;
  std::vector<std::unique_ptr<Order>> orders_;  // by lane number, null for pinned lanes
  Delivery delivery_;
  std::thread thread_;
  // Written by main, read by the carrier after a ring.
  std::atomic<bool> end_asked_{false};
  std::atomic<bool> abandon_asked_{false};
  std::atomic<bool> reopen_asked_{false};
};

}  // namespace stook
