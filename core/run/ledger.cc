// SPDX-License-Identifier: Apache-2.0
#include "core/run/ledger.hh"

#include <bit>

#include "core/base/clock.hh"

namespace stook {

Ledger::Ledger(Front& front_, size_t receipts)
    : front(front_),
      receipts_(receipts, [] { return std::make_unique<Receipt>(); }),
      entries_(std::bit_ceil(receipts)),
      mask_(entries_.size() - 1) {}

Receipt* Ledger::open(size_t rows, std::vector<Mark>& marks) {
  // The ring is as long as the pool: while the oldest entry waits, no more than that many can be behind it.
  if (!can_open()) {
    return nullptr;
  }
  Receipt* receipt = receipts_.take();
  Entry& e = entry(next_);
  e.rows = rows;
  e.is_settled = false;
  e.opened_at = monotonic_ns();
  e.marks.clear();
  e.marks.swap(marks);
  rows_out_ += rows;
  receipt->open(this, next_++);
  return receipt;
}

void Ledger::settle(Receipt* receipt) {
  entry(receipt->sequence).is_settled = true;
  receipts_.put(receipt);
  while (oldest_ != next_ && entry(oldest_).is_settled) {
    Entry& e = entry(oldest_);
    rows_out_ -= e.rows;
    if (!e.marks.empty() && source != nullptr) {
      source->acknowledged(e.marks);
    }
    oldest_++;
  }
}

int64_t Ledger::oldest_at() const {
  return oldest_ == next_ ? -1 : entries_[oldest_ & mask_].opened_at;
}

}  // namespace stook
