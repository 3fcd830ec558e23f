// SPDX-License-Identifier: Apache-2.0
#include "core/run/ledger.hh"

#include <bit>

#include "core/base/clock.hh"
#include "core/lua/library/kept_values.hh"
#include "core/run/front.hh"
#include "core/run/vigil.hh"

namespace stook {

Ledger::Ledger(Front& front_, size_t receipts) : front(front_) {
  resize(receipts);
}

void Ledger::resize(size_t receipts) {
  receipts_ = Pool<Receipt>(receipts, [] { return std::make_unique<Receipt>(); });
  entries_ = std::vector<Entry>(std::bit_ceil(receipts));
  mask_ = entries_.size() - 1;
}

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
  meter.rows_out.set(static_cast<int64_t>(rows_out_));
  if (is_settled()) {
    meter.oldest_at.set(e.opened_at);
    if (front.vigil != nullptr) {
      front.vigil->stir();
    }
  }
  receipt->open(this, next_++);
  return receipt;
}

void Ledger::settle(Receipt* receipt) {
  entry(receipt->sequence).is_settled = true;
  receipts_.put(receipt);
  uint64_t before = oldest_;
  while (oldest_ != next_ && entry(oldest_).is_settled) {
    Entry& e = entry(oldest_);
    rows_out_ -= e.rows;
    if (has_kept_values.load(std::memory_order_acquire)) {
      kept_settled(this, oldest_, e.rows > 0);
    }
    if (!e.marks.empty() && source != nullptr) {
      source->acknowledged(e.marks);
    }
    oldest_++;
  }
  // A tick that has come home takes no place behind a bundle that is held until a later tick.
  while (oldest_ != next_ && entry(next_ - 1).is_settled && entry(next_ - 1).rows == 0 &&
         entry(next_ - 1).marks.empty()) {
    next_--;
    if (oldest_ != next_ && has_kept_values.load(std::memory_order_acquire)) {
      kept_joined(this, next_);
    }
  }
  if (oldest_ != before) {
    meter.moved_at.set(monotonic_ns());
    meter.rows_out.set(static_cast<int64_t>(rows_out_));
    meter.oldest_at.set(is_settled() ? 0 : entry(oldest_).opened_at);
  }
}

void Ledger::drop_marks() {
  for (uint64_t i = oldest_; i != next_; i++) {
    entry(i).marks.clear();
  }
}

int64_t Ledger::oldest_at() const {
  return oldest_ == next_ ? -1 : entries_[oldest_ & mask_].opened_at;
}

}  // namespace stook
