// SPDX-License-Identifier: Apache-2.0
/// Floor 4. A carrier: the thread of one sink. Gathers payloads, puts dealt lanes back in order, and
/// hands them to its delivery.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/doorbell.hh"
#include "core/base/link.hh"
#include "core/base/room.hh"
#include "core/data/receipt.hh"
#include "core/plan/plan.hh"
#include "core/run/calls.hh"
#include "core/run/delivery.hh"
#include "core/run/hold.hh"
#include "core/run/outbox.hh"
#include "core/run/refusals.hh"
#include "core/run/spooled.hh"
#include "core/run/thread_clock.hh"

namespace stook {

class RouteRun;

/// *Rooms:* its own thread is its room; the bell is rung from everywhere, and main posts calls.
class Carrier {
 public:
  /// Shared: the instance lives as long as its carrier, whatever becomes of the plan that made it.
  /// `left`: spools that the sink had and has no more. They are emptied first.
  Carrier(std::shared_ptr<const Instance> instance_, Notice& notice, const std::vector<SpoolSettings>& left = {});
  ~Carrier();

  /// Makes and opens the sink. Throws what that throws.
  void open() ROOM(carrier);
  /// From here on payloads come by the route's outboxes.
  void add_route(const RouteRun& route) ROOM(carrier);
  /// REQUIRES: none of its payloads is on its way.
  void remove_route(const RouteRun& route) ROOM(carrier);

  /// Before `open`: who is stirred when a spool has something to deliver.
  void watch_by(Vigil& vigil) {
    for (auto& spool : spools_) {
      spool->watch_by(vigil);
    }
  }
  /// Before `open`: what the sink refuses goes that way.
  void route_refused(std::shared_ptr<Refusals> refusals);
  const std::shared_ptr<Refusals>& refusals() const { return refusals_; }
  /// Before `open`: a spool that belongs to another carrier, which ends, is opened once that has let go of it.
  void take_over(const std::function<bool(const std::string& folder)>& belongs_to_another);

  /// Starts the thread; `open` is the first call that it should get.
  void launch();
  /// Main: has the carrier run these between two deliveries.
  void call(Calls::Works works) ROOM(front) {
    calls_.post(std::move(works));
    bell.ring();
  }
  Calls& calls() ROOM(front) { return calls_; }
  /// Any thread: ends once nothing waits; with `abandon`, even if something waits. A spool is delivered to its end, unless
  /// the sink fails; with `leave`, what is in it stays there.
  void ask_end(bool abandon, bool leave);
  /// Any thread: nothing more comes for now. What is held to become more is delivered as it is, what is in the spool is
  /// synced.
  void ask_flush() {
    flush_asked_.store(true, std::memory_order_release);
    bell.ring();
  }
  /// The thread has nothing more to do, or never ran: join does not wait.
  bool has_ended() const { return has_ended_.load(std::memory_order_acquire); }
  /// Main: CPU time of the thread (ns); 0: it has none.
  int64_t cpu_ns() const { return cpu_ns_of(thread_); }
  void join();
  /// Any thread: asks the sink to open its target again.
  void ask_reopen() {
    reopen_asked_.store(true, std::memory_order_release);
    bell.ring();
  }
  /// Any thread: what waits for the sink, and whatever comes for it, is dropped and counted as abandoned.
  void ask_drop() {
    drop_asked_.store(true, std::memory_order_release);
    delivery_.hurry();
    bell.ring();
  }

  /// One round: gather, deliver, settle. True when anything moved. For tests, and the body of the loop.
  bool serve_once() ROOM(carrier);

  /// Any thread: the spool in use; null when there is none.
  const Spooled* spooled() const {
    size_t at = way_.load(std::memory_order_acquire);
    return at < spools_.size() ? spools_[at].get() : nullptr;
  }
  /// Any thread: the spool in use is one that the sink has no more.
  bool is_leaving() const { return way_.load(std::memory_order_acquire) < left_; }
  /// All that were in use, are, or may be; the latter two begin with spooled().
  const std::vector<std::unique_ptr<Spooled>>& spools() const { return spools_; }
  /// Those in use now or later.
  std::vector<SpoolSettings> spools_ahead() const;
  /// Says that a spool is left, with how many rows in it.
  void say_left(const Spooled& one) const;

  const std::shared_ptr<const Instance> shared;
  const Instance& instance;
  Doorbell bell;
  SinkMeter meter;

 private:
  void serve() ROOM(carrier);
  bool serve_spool(Spooled& spool, bool is_dry) ROOM(carrier);
  bool gather() ROOM(carrier);
  void relent() ROOM(carrier);
  void take(Payload* payload) ROOM(carrier);
  void pass(Payload* payload) ROOM(carrier);
  bool has_room() const ROOM(carrier);
  bool is_idle() const ROOM(carrier);
  int64_t wake_at() ROOM(carrier);
  void finish(Payload* payload, Fate fate) ROOM(carrier);
  void give_back(Payload* payload) ROOM(carrier);
  void settle(const std::vector<Receipt*>& held, Fate fate) ROOM(carrier);

  // carrier_spools.cc
  void add_spool(const SpoolSettings& which);
  Spooled* spool() ROOM(carrier) { return way_ < spools_.size() ? spools_[way_].get() : nullptr; }
  void open_way(size_t way) ROOM(carrier);
  bool leave_spool() ROOM(carrier);
  bool go_on(bool leaves_rows) ROOM(carrier);
  int64_t leave_at() const ROOM(carrier);

  Notice& notice_;
  Calls calls_;
  std::vector<Outbox*> outboxes_ OWNED(carrier);
  // What payloads pass: a spool, whose other half delivers; or the hold, if there is one, and the delivery. The spools to be
  // left come before the sink's own.
  std::vector<std::unique_ptr<Spooled>> spools_;
  size_t left_ = 0;
  Delivery delivery_;
  std::unique_ptr<Hold> hold_;
  std::shared_ptr<Refusals> refusals_;  // with the feed of the stack for refused rows, see there; null: there is none
  int64_t lull_ends_at_ OWNED(carrier) = -1;  // until then nothing is taken, so that a spool becomes empty; -1: no lull
  int64_t next_lull_at_ OWNED(carrier) = 0;
  bool is_flushing_ OWNED(carrier) = false;
  bool is_open_ OWNED(carrier) = false;
  std::thread thread_;
  // Written by main, read by the carrier after a ring.
  std::atomic<bool> end_asked_{false};
  std::atomic<bool> abandon_asked_{false};
  std::atomic<bool> leave_asked_{false};
  std::atomic<bool> flush_asked_{false};  // written by fronts
  std::atomic<bool> reopen_asked_{false};
  std::atomic<bool> drop_asked_{false};
  // The spool in use; behind the last there is the delivery. Written by the carrier, read by main and by fronts: what those
  // read of a spool that was left meanwhile is right, as it stays until the carrier ends.
  std::atomic<size_t> way_{0};
  // Written by the carrier as its last deed, read by main.
  std::atomic<bool> has_ended_{true};
};

/// Any thread: that spool was opened by the carrier.
bool has_opened(const Carrier& carrier, const std::string& folder);

}  // namespace stook
