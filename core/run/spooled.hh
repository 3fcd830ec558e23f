// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Spooled: a sink behind a spool. Its carrier appends payloads to the spool; a second thread reads them and
/// delivers.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "core/base/doorbell.hh"
#include "core/base/meter.hh"
#include "core/base/room.hh"
#include "core/plan/plan.hh"
#include "core/run/delivery.hh"
#include "core/run/hold.hh"
#include "core/run/vigil.hh"
#include "core/spool/spool.hh"

namespace stook {

/// What went into the spool. One writer: the carrier that appends. Rows found at the start are those of an earlier process.
struct SpooledMeter {
  Counter rows;
  Counter refused_rows;    // longer than a record may be
  Counter abandoned_rows;  // dropped: the sink went away before there was room for them
  Gauge found_rows;
};

/// The appending half. A payload's slot goes home as soon as its bytes are in the file; its receipts are settled once
/// they are durable.
/// *Invariants:* nothing overtakes: once there is a spool, everything goes through it.
/// *Rooms:* the carrier; the reading half has a thread of its own, which is a carrier, too.
class Spooled {
 public:
  /// Is told of payloads whose bytes are taken: they go home. Their receipts are gone from them.
  using GiveBack = std::function<void(Payload*)>;
  /// Is told of receipts that this carrier holds no more.
  using Settle = std::function<void(std::vector<Receipt*>&, Fate)>;

  /// The spool need not be the instance's own: it may be one that the sink had before.
  Spooled(const Instance& instance, SpoolSettings settings, SinkMeter& meter, Doorbell& bell, GiveBack give_back,
          Settle settle);
  ~Spooled();

  /// Before `open`: another carrier of this process still has the spool. It is opened when that lets go, once `begin` was
  /// called, for until then it may be wanted by a third one; and until then nothing is taken.
  void take_over() { takes_over_ = true; }
  void begin() ROOM(carrier) { has_begun_ = true; }
  /// Before `open`: who is stirred when there is something to deliver.
  void watch_by(Vigil& vigil) { vigil_ = &vigil; }
  /// Opens the spool, and the sink in the reading thread; what that refuses goes by `refusals`, or null. Throws SetupError,
  /// and may be called again then.
  void open(Refusals* refusals = nullptr) ROOM(carrier);
  void reopen() ROOM(carrier);
  /// Syncs. The reading thread goes on until the spool is empty or the sink fails; with `abandon` it only ends its
  /// shipment. What is left stays in the spool.
  void close(bool abandon) ROOM(carrier);

  void take(Payload* payload) ROOM(carrier) { waiting_.push_back(payload); }
  bool has_room() const ROOM(carrier) { return spool_ != nullptr && waiting_.size() < most_waiting; }
  /// Nothing waits to be appended or to become durable.
  bool is_idle() const ROOM(carrier) { return waiting_.empty() && appended_.empty(); }
  /// Appends what waits; settles what is durable. True when anything moved.
  bool serve() ROOM(carrier);
  /// Gives up what is not appended: it is counted as abandoned. True when there was anything.
  bool drop() ROOM(carrier);
  /// Makes what is appended durable now.
  void flush() ROOM(carrier);
  int64_t wake_at() ROOM(carrier);

  /// Any thread: what the spool counts, or null before it is opened.
  const Spool* spool() const { return shown_.load(std::memory_order_acquire); }
  /// Any thread: little is left in it. All of it is delivered when nothing is.
  bool is_nearly_empty() const { return spool() != nullptr && spool()->waiting().records <= nearly_empty; }
  bool is_empty() const ROOM(carrier) { return spool_ && is_idle() && spool_->waiting().records == 0; }
  const SpoolSettings& settings() const { return settings_; }
  /// Its payloads are of another kind than those of the sink, which could not read them.
  bool is_foreign() const { return settings_.is_recoded != instance_.is_recoded; }
  SpooledMeter written;

 private:
  static constexpr size_t most_waiting = 64;
  static constexpr size_t nearly_empty = 64;
  /// Receipts of one payload that is appended and not durable.
  struct Appended {
    uint64_t sequence = 0;
    std::vector<Receipt*> receipts;
  };
  /// The reading half. *Rooms:* its thread.
  class Reading;

  void open_spool() ROOM(carrier);
  bool try_to_open() ROOM(carrier);
  bool append(Payload* payload) ROOM(carrier);
  void settle_durable() ROOM(carrier);

  const Instance& instance_;
  const SpoolSettings settings_;
  Doorbell& bell_;
  GiveBack give_back_;
  Settle settle_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Reading> reading_;
  SinkMeter& meter_;
  std::deque<Payload*> waiting_;
  std::deque<Appended> appended_;
  std::vector<std::vector<Receipt*>> spare_;  // empty vectors with room
  int64_t retry_at_ = -1;
  bool takes_over_ = false;
  bool has_begun_ = false;
  Vigil* vigil_ = nullptr;
  LogLimit wait_limit_{1};
  // Written by the carrier once the spool is open; main reads the spool's counters through it.
  std::atomic<const Spool*> shown_{nullptr};
};

}  // namespace stook
