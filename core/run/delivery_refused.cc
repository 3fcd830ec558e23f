// SPDX-License-Identifier: Apache-2.0
/// How a delivery waits for rows that it sent to another stack, as their sink refused them.
#include <algorithm>

#include "core/run/delivery.hh"

namespace stook {

void Delivery::route_refused(Refusals& refusals, Doorbell& bell) {
  refusals_ = &refusals;
  refusals.ring_by(bell);
}

// The oldest payloads that wait for no refused row.
size_t Delivery::count_finished() const {
  if (refusals_ == nullptr) {
    return settled_.size();
  }
  auto waits = [settled = refusals_->settled()](const Settled& one) { return one.refusal > settled; };
  return static_cast<size_t>(std::find_if(settled_.begin(), settled_.end(), waits) - settled_.begin());
}

// True when any have come home.
bool Delivery::take_home_refused(int64_t now) {
  uint64_t before = refusals_->settled();
  meter_.routed_rows.add(refusals_->collect());
  bool has_moved = refusals_->settled() != before;
  if (has_moved) {
    stack_moved_at_ = now;
    finish();
  }
  look_at_stack(now);
  return has_moved;
}

// When to look at it again, or -1.
int64_t Delivery::stack_slow_at() const {
  if (refusals_->sent() == refusals_->settled() || is_stack_slow_) {
    return -1;
  }
  return stack_moved_at_ + (refusals_->wants_flush() ? 2 : 1) * stack_patience;
}

void Delivery::look_at_stack(int64_t now) {
  bool is_blocked = refusals_->sent() != refusals_->settled() && !can_offer();
  int64_t still = is_blocked ? now - stack_moved_at_ : 0;
  is_flushing_refused_ = is_flushing_refused_ && !waiting_.empty();
  refusals_->want_flush(is_flushing_refused_ || still >= stack_patience);
  bool is_slow = still >= 2 * stack_patience;
  if (is_slow && !is_stack_slow_) {
    meter_.is_failing.set(1);
    meter_.pulse.fail(now, "rows that it refused wait for '" + instance_.id + ".refused'");
  } else if (!is_slow && is_stack_slow_ && !retry_.is_failing()) {
    meter_.is_failing.set(0);
    meter_.pulse.recover();
  }
  is_stack_slow_ = is_slow;
  if (waiting_.empty() && refusals_->is_last()) {
    refusals_->wake();
  }
}

}  // namespace stook
