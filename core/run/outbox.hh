// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Payload slots between one worker and one sink: reserved before a bundle runs, posted after.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/link.hh"
#include "core/base/meter.hh"
#include "core/base/room.hh"
#include "core/data/payload.hh"
#include "core/data/pool.hh"

namespace stook {

class Carrier;
class Worker;
class Outbox;

/// Payloads of one dealt lane that reached one carrier before their turn, by sequence. *Rooms:* the carrier.
struct Order {
  /// `most`: so many payloads of the lane are on their way at once.
  explicit Order(size_t most) : early(most + 1, nullptr) {}
  uint64_t next = 1;
  std::vector<Payload*> early;
};

/// The slots of one lane in one outbox. Lanes have slots of their own, so that the lowest sequence of a lane can always
/// run: whatever its worker posted before it is deliverable.
class PayloadSlots {
 public:
  PayloadSlots(Outbox& outbox_, size_t slots, Order* order_);
  Outbox& outbox;
  /// Of a dealt lane, else null.
  Order* const order;
  Pool<Payload> pool;
};

/// One route's way from one worker to one sink's carrier. *Invariants:* the link is as long as all slots together.
class Outbox {
 public:
  /// `lanes`: how many lanes the route has; slots are made for those that `open_lane` names.
  Outbox(Worker& worker_, Carrier& carrier_, size_t lanes, size_t slots);
  void open_lane(size_t lane, Order* order);

  /// A free payload of that lane, or null. A null means that the carrier will ring the worker when some have come home.
  [[nodiscard]] Payload* reserve(size_t lane) ROOM(worker);
  /// Gives back a payload that was not used.
  void release(Payload* payload) ROOM(worker) { payload->home->pool.put(payload); }
  /// Sends a payload, at `now`, to the carrier, which sees it when it looks by itself or when `announce` rings its bell.
  void post(Payload* payload, int64_t now) ROOM(worker) {
    link_->send(payload);
    posted.add(1);
    unannounced_since_ = unannounced_++ == 0 ? now : unannounced_since_;
  }
  /// Whether payloads wait for the bell so long already, or are half of a lane's slots.
  bool has_waited(int64_t now, int64_t most) const ROOM(worker) {
    return unannounced_ > 0 && (unannounced_ >= slots_ / 2 || now - unannounced_since_ >= most);
  }
  /// Rings the carrier's bell if anything was posted since the last time.
  void announce() ROOM(worker);
  /// All slots are home. REQUIRES: the worker is at rest.
  bool is_full() ROOM(worker);

  /// The carrier's side.
  [[nodiscard]] Payload* receive() ROOM(carrier) { return link_->receive(); }
  void give_back(Payload* payload) ROOM(carrier);
  /// Before the carrier sleeps: the worker waits no longer for more than has come home.
  void relent() ROOM(carrier);

  size_t slots() const { return total_; }
  Worker& worker;
  Carrier& carrier;
  Counter posted;    // by the worker
  Counter starved;   // how often the worker found no slot and left the bundle
  Counter returned;  // by the carrier

 private:
  void collect() ROOM(worker);

  size_t slots_;
  size_t total_ = 0;
  size_t unannounced_ OWNED(worker) = 0;
  int64_t unannounced_since_ OWNED(worker) = 0;
  std::vector<std::unique_ptr<PayloadSlots>> lanes_;
  std::unique_ptr<Link<Payload>> link_;
  // How many payloads have to come home before the starved worker is rung; 0 or less: it is not starved. Written by the
  // worker (before it looks a last time and sleeps) and by the carrier (after a payload went home), always by a
  // read-modify-write, so one of the two sees the other: a wake-up is neither lost nor rung in vain.
  std::atomic<int64_t> wanted_{0};
};

}  // namespace stook
