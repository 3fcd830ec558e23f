// SPDX-License-Identifier: Apache-2.0
/// Floor 4. The ledger of one source: bundles in the order they were sealed, acknowledged as a contiguous prefix.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/api/source.hh"
#include "core/base/meter.hh"
#include "core/base/room.hh"
#include "core/data/pool.hh"
#include "core/data/receipt.hh"

namespace stook {

class Front;

/// What main may know of a ledger. One writer: its front. Times are ns of CLOCK_MONOTONIC, 0 is none.
struct LedgerMeter {
  Gauge oldest_at;  // when the oldest unsettled bundle was sealed
  Gauge moved_at;   // when the settled prefix last grew
  Gauge rows_out;   // not settled, or settled behind one that is not
};

/// Keeps one entry for each bundle that is out: its rows and its marks. When the oldest entries are settled their marks
/// go to the source, in order, once.
/// *Rooms:* the source's front.
class Ledger {
 public:
  /// `receipts`: the most bundles that can be unsettled at once.
  explicit Ledger(Front& front_, size_t receipts = 0);
  /// From here on so many. REQUIRES: nothing is out.
  void resize(size_t receipts) ROOM(front);

  /// A receipt for a bundle of `rows`, or null when all are out. Takes the marks and leaves the vector empty.
  [[nodiscard]] Receipt* open(size_t rows, std::vector<Mark>& marks) ROOM(front);
  /// A receipt has come home. Calls source->acknowledged for what is final now.
  void settle(Receipt* receipt) ROOM(front);
  /// Whether so many more bundles can be opened.
  bool can_open(size_t bundles = 1) const ROOM(front) {
    return receipts_.home() >= bundles && entries_.size() - (next_ - oldest_) >= bundles;
  }

  /// What is out is not told to the source any more when it is settled.
  void drop_marks() ROOM(front);

  /// Nothing is out.
  bool is_settled() const ROOM(front) { return oldest_ == next_; }
  uint64_t rows_out() const ROOM(front) { return rows_out_; }
  /// How many receipts are out.
  size_t out() const ROOM(front) { return receipts_.size() - receipts_.home(); }
  bool is_full() const ROOM(front) { return receipts_.is_full(); }
  /// When the oldest unsettled bundle was sealed (ns, monotonic), or -1.
  int64_t oldest_at() const ROOM(front);

  Front& front;
  LedgerMeter meter;
  Source* source = nullptr;

 private:
  struct Entry {
    uint64_t rows = 0;
    int64_t opened_at = 0;
    bool is_settled = false;
    std::vector<Mark> marks;
  };
  Entry& entry(uint64_t sequence) { return entries_[sequence & mask_]; }

  Pool<Receipt> receipts_ OWNED(front);
  std::vector<Entry> entries_;
  uint64_t mask_ = 0;
  uint64_t oldest_ OWNED(front) = 0;
  uint64_t next_ OWNED(front) = 0;
  uint64_t rows_out_ OWNED(front) = 0;
};

}  // namespace stook
