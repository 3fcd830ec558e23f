// SPDX-License-Identifier: Apache-2.0
#include "core/run/hold.hh"

#include <algorithm>
#include <utility>

#include "core/data/receipt.hh"
#include "core/run/fate.hh"

namespace stook {

namespace {
/// A batch of so many bundles goes on although it is not full: a source runs out of receipts at Route::held_most.
constexpr size_t receipts_most = Route::held_most / 4;
}  // namespace

Hold::Hold(const HoldRules& rules, Delivery& to, Copied copied, Clock clock)
    : rules_(rules), to_(to), copied_(std::move(copied)), clock_(clock) {}

void Hold::take(Payload* payload) {
  size_t first = 0;
  has_entered_ = false;
  for (size_t part = 0; part < payload->parts(); part++) {
    size_t end = first + payload->part(part).rows;
    while (first < end) {
      enter(*payload);
      size_t rows = rules_.rows > 0 ? std::min<size_t>(end - first, rules_.rows - open_->rows()) : end - first;
      copy(*payload, part, first, rows);
      first += rows;
      if (first == payload->rows()) {
        sequence_ = payload->sequence;
      }
      open_->sequence = sequence_;
      if (is_full()) {
        shut();
      }
    }
  }
  copied_(payload);
}

// The open batch holds the payload's receipts from its first row on.
void Hold::enter(const Payload& payload) {
  if (open_ == nullptr) {
    if (free_.empty()) {
      batches_.push_back(std::make_unique<Payload>());
      free_.push_back(batches_.back().get());
    }
    open_ = free_.back();
    free_.pop_back();
    open_->reset();
    open_->sealed_at = payload.sealed_at;
    opened_at_ = clock_();
    has_entered_ = false;
  }
  if (!has_entered_) {
    for (Receipt* receipt : payload.receipts) {
      if (!FollowedRows::is(*receipt)) {
        receipt->hold();
        open_->receipts.push_back(receipt);
      }
    }
    has_entered_ = true;
  }
}

void Hold::copy(const Payload& payload, size_t part, size_t first, size_t rows) {
  Payload& batch = *open_;
  const Payload::Part& from = payload.part(part);
  if (batch.parts() == 0 || batch.part(batch.parts() - 1).address != from.address) {
    batch.begin_part(from.address);
  }
  FollowedRows::copy(payload, first, rows, batch);
  batch.count_rows(rows);
  std::span<const uint32_t> ends = payload.row_ends();
  if (ends.empty()) {
    return;
  }
  size_t begin = first == 0 ? 0 : ends[first - 1];
  size_t shift = batch.size() - begin;
  for (size_t row = first; row < first + rows; row++) {
    batch.end_row_at(shift + ends[row]);
  }
  std::string_view bytes = payload.bytes().substr(begin, ends[first + rows - 1] - begin);
  batch.append(bytes);
  bytes_ += bytes.size();
}

bool Hold::is_full() const {
  return (rules_.rows > 0 && open_->rows() >= rules_.rows) || (rules_.bytes > 0 && open_->size() >= rules_.bytes) ||
         bytes_ >= rules_.most || open_->receipts.size() >= receipts_most;
}

void Hold::shut() {
  ready_.push_back(std::exchange(open_, nullptr));
}

void Hold::serve(bool all) {
  if (open_ != nullptr && (all || (rules_.time > 0 && clock_() >= opened_at_ + rules_.time))) {
    shut();
  }
  while (!ready_.empty() && to_.has_room()) {
    to_.take(ready_.front());
    ready_.pop_front();
  }
}

void Hold::recycle(Payload* batch) {
  bytes_ -= batch->size();
  free_.push_back(batch);
}

}  // namespace stook
