// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Hold: collects rows before a sink until there are enough of them, or until it is time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "core/base/clock.hh"
#include "core/base/room.hh"
#include "core/data/payload.hh"
#include "core/plan/plan.hh"
#include "core/run/delivery.hh"

namespace stook {

/// Copies the rows of payloads into batches of `hold_rows` rows, `hold_bytes` bytes or `hold_time`, whichever comes
/// first, and hands each batch to the delivery as one payload. What it has copied is given back at once; the batch holds
/// the receipts of all its rows until it is final.
/// *Invariants:* rows keep their order. A batch's `sequence` is that of the last payload that is in it to its end.
/// *Rooms:* the carrier that owns it.
class Hold {
 public:
  /// Is told of each payload whose rows are copied.
  using Copied = std::function<void(Payload*)>;
  using Clock = int64_t (*)();

  Hold(const HoldRules& rules, Delivery& to, Copied copied, Clock clock = monotonic_ns);

  /// Copies a payload's rows. May grow buffers. COLD beside what an encoder costs.
  void take(Payload* payload) ROOM(carrier);
  /// Whether what is held, and what the delivery has not finished, leaves memory for more.
  bool has_room() const ROOM(carrier) { return bytes_ < rules_.most; }
  /// Nothing is held; the delivery may have something.
  bool is_idle() const ROOM(carrier) { return open_ == nullptr && ready_.empty(); }
  /// Hands on what is due, or with `all` everything, as far as the delivery has room.
  void serve(bool all) ROOM(carrier);
  /// When `serve` has something to do by itself (ns, monotonic), or -1.
  int64_t wake_at() const ROOM(carrier) { return open_ != nullptr && rules_.time > 0 ? opened_at_ + rules_.time : -1; }
  /// A batch is final: its buffer is used again. The receipts are the caller's.
  void recycle(Payload* batch) ROOM(carrier);

 private:
  void enter(const Payload& payload) ROOM(carrier);
  void copy(const Payload& payload, size_t part, size_t first, size_t rows) ROOM(carrier);
  bool is_full() const ROOM(carrier);
  void shut() ROOM(carrier);

  const HoldRules& rules_;
  Delivery& to_;
  Copied copied_;
  Clock clock_;
  std::vector<std::unique_ptr<Payload>> batches_;
  std::vector<Payload*> free_;
  Payload* open_ = nullptr;
  int64_t opened_at_ = 0;
  bool has_entered_ = false;  // the open batch holds the receipts of the payload at hand
  uint64_t sequence_ = 0;     // of the last payload that was taken whole
  std::deque<Payload*> ready_;
  uint64_t bytes_ = 0;
};

}  // namespace stook
