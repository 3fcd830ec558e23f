// SPDX-License-Identifier: Apache-2.0
/// How payloads leave a delivery: delivered, as letters, dropped.
#include <algorithm>
#include <utility>

#include "core/run/delivery.hh"
#include "core/run/posting.hh"

namespace stook {

void Delivery::set_aside(Shipment shipment, const std::string& reason, Counter& dropped) {
  retry_.next_shipment();
  fates_.clear();
  for (const Payload* payload : shipment) {
    if (letters_) {
      fates_.push_back(post(*payload, reason));
    } else {
      dropped.add(payload->rows());
      fates_.push_back(Fate::Refused);
    }
  }
  settle(shipment, fates_);
}

Fate Delivery::post(const Payload& payload, const std::string& reason) {
  Letter letter{wall_ns(), instance_.id, reason, attempts(), instance_.codec->name, {}, 1, {}};
  Posted posted = post_rows(*letters_, payload, letter);
  posted_rows_ += posted.kept;
  unposted_rows_ += posted.full;
  return posted.full > 0 ? Fate::Dropped : Fate::Lettered;
}

void Delivery::settle(Shipment shipment, std::span<const Fate> fates) {
  if (bisection_.is_active()) {
    bisection_.settle(*std::max_element(fates.begin(), fates.end()));
    bisection_.collect(settled_);
  } else {
    for (size_t i = 0; i < shipment.size(); i++) {
      settled_.push_back({shipment[i], fates[i]});
    }
  }
  offered_ = 0;
  finish();
}

// Lets go of what is final, once its letters are on the disk.
void Delivery::finish() {
  if (settled_.empty()) {
    return;
  }
  if (letters_ && !letters_->flush()) {
    meter_.is_failing.set(1);
    meter_.pulse.fail(clock_(), "letters: " + letters_->reason());
    int64_t pause = letters_retry_.fail(Outcome::Again, clock_(), 0);
    say_waiting(Outcome::Again, "letters: " + letters_->reason(), pause);
    return;
  }
  if (letters_retry_.is_failing()) {
    letters_retry_.recover();
    meter_.is_failing.set(retry_.is_failing() ? 1 : 0);
    if (!retry_.is_failing()) {
      meter_.pulse.recover();
    }
  }
  meter_.lettered_rows.add(std::exchange(posted_rows_, 0));
  if (unposted_rows_ > 0) {
    static LogLimit limit;
    if (auto pass = limit.pass()) {
      log_event(Level::Error, "letters_full",
                Fields()("instance", instance_.id)("rows", unposted_rows_)("folder", instance_.letters)(
                    "suppressed", pass.suppressed));
    }
    meter_.letters_full_rows.add(std::exchange(unposted_rows_, 0));
  }
  for (const Settled& one : settled_) {
    finish_(one.payload, one.fate);
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(settled_.size()));
  settled_.clear();
  meter_.pulse.move(clock_(), waiting_.empty() ? 0 : waiting_.front()->sealed_at);
}

bool Delivery::drop() {
  bool has_any = !waiting_.empty();
  bool is_flushed = !letters_ || letters_->flush();
  uint64_t posted = std::exchange(posted_rows_, 0);
  uint64_t full = std::exchange(unposted_rows_, 0);
  (is_flushed ? meter_.lettered_rows : meter_.abandoned_rows).add(posted);
  meter_.letters_full_rows.add(full);
  size_t counted = bisection_.stop();
  for (const Settled& one : settled_) {
    counted += one.payload->rows();
  }
  for (size_t i = 0; i < waiting_.size(); i++) {
    size_t done = std::min(counted, waiting_[i]->rows());
    counted -= done;
    meter_.abandoned_rows.add(waiting_[i]->rows() - done);
    finish_(waiting_[i], i < settled_.size() && is_flushed ? settled_[i].fate : Fate::Dropped);
  }
  waiting_.clear();
  settled_.clear();
  offered_ = 0;
  return has_any;
}

}  // namespace stook
