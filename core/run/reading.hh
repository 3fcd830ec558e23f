// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Reading: the thread behind a spool, which brings its records to the sink.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "core/base/doorbell.hh"
#include "core/base/room.hh"
#include "core/plan/plan.hh"
#include "core/run/delivery.hh"
#include "core/run/hold.hh"
#include "core/run/spooled.hh"
#include "core/spool/reader.hh"

namespace stook {

/// *Invariants:* a record is acknowledged in the spool once its payload is final, in order.
/// *Rooms:* its thread is a carrier; the sink's other carrier launches and ends it.
class Spooled::Reading {
 public:
  Reading(const Instance& instance, SinkMeter& meter, Vigil* vigil, Refusals* refusals);
  ~Reading();

  /// Starts the thread and opens the sink in it. Throws what that throws.
  void launch();
  /// From here on there is something to read.
  void read_from(SpoolReader& reader) {
    given_.store(&reader, std::memory_order_release);
    bell.ring();
  }
  /// Ends the thread, see Spooled::close.
  void end(bool abandon);
  void ask_reopen() {
    reopen_asked_.store(true, std::memory_order_release);
    bell.ring();
  }

  Doorbell bell;

 private:
  void run() ROOM(carrier);
  bool serve_once() ROOM(carrier);
  bool fetch() ROOM(carrier);
  bool is_done() ROOM(carrier);
  void count_left() ROOM(carrier);
  int64_t wake_at() ROOM(carrier);
  void finish(Payload* payload, Fate fate) ROOM(carrier);

  const Instance& instance_;
  SinkMeter& meter_;
  Vigil* vigil_;
  SpoolReader* reader_ = nullptr;
  Delivery delivery_;
  std::unique_ptr<Hold> hold_;
  std::vector<std::unique_ptr<Payload>> payloads_;  // records on their way
  std::vector<Payload*> free_;
  bool has_more_ = true;
  uint64_t acknowledged_ = 0;
  uint64_t fetched_ = 0;       // rows
  uint64_t final_before_ = 0;  // of the meter, when this began
  std::thread thread_;
  // Written by the carrier, read by the thread after a ring.
  std::atomic<SpoolReader*> given_{nullptr};
  std::atomic<bool> end_asked_{false};
  std::atomic<bool> abandon_asked_{false};
  std::atomic<bool> reopen_asked_{false};
};

}  // namespace stook
