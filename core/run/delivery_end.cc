// SPDX-License-Identifier: Apache-2.0
/// How payloads leave a delivery: delivered, as letters, through a stack for refused rows, dropped.
#include <algorithm>
#include <utility>

#include "core/run/delivery.hh"
#include "core/run/fate.hh"
#include "core/run/posting.hh"

namespace stook {

void Delivery::set_aside(Shipment shipment, const std::string& reason, Counter& dropped) {
  retry_.next_shipment();
  fates_.clear();
  if (meter_.reasons.has_time(clock_())) {
    note(shipment, reason);
  }
  if (refusals_ != nullptr) {
    stack_moved_at_ = refusals_->sent() == refusals_->settled() ? clock_() : stack_moved_at_;
    refusals_->send(shipment, reason, attempts());
    std::for_each(shipment.begin(), shipment.end(), [&](auto* payload) { tell_fate(*payload, "routed", reason); });
    fates_.assign(shipment.size(), Fate::Done);
    settle(shipment, fates_);
    return;
  }
  for (const Payload* payload : shipment) {
    if (letters_) {
      fates_.push_back(post(*payload, reason));
      tell_fate(*payload, fates_.back() == Fate::Lettered ? "letter" : "dropped", reason);
    } else {
      dropped.add(payload->rows());
      fates_.push_back(Fate::Refused);
      tell_fate(*payload, "dropped", reason);
    }
  }
  settle(shipment, fates_);
}

namespace {
// The value of `stook.id` in a row of JSON, as codecs write it that are told to; else empty.
std::string_view id_in(std::string_view bytes) {
  constexpr std::string_view lead = "\"stook.id\":\"";
  size_t at = bytes.find(lead);
  if (at == std::string_view::npos) {
    return {};
  }
  bytes.remove_prefix(at + lead.size());
  return bytes.substr(0, std::min(bytes.find('"'), bytes.size()));
}
}  // namespace

// COLD: for `stook why`.
void Delivery::note(Shipment shipment, const std::string& why) {
  size_t noted = std::min(shipment.size(), ReasonRing::most_each);
  for (size_t i = 0; i < noted; i++) {
    const Payload& payload = *shipment[i];
    std::string_view first = payload.bytes();
    first = payload.row_ends().empty() ? first : first.substr(0, payload.row_ends()[0]);
    first = first.ends_with('\n') ? first.substr(0, first.size() - 1) : first;
    ReasonNote reason;
    reason.time = wall_ns();
    reason.rows = payload.rows();
    for (size_t rest = noted; i + 1 == noted && rest < shipment.size(); rest++) {
      reason.rows += shipment[rest]->rows();
    }
    reason.element = instance_.id;
    reason.fate = refusals_ != nullptr ? "routed" : letters_ ? "letter" : "dropped";
    reason.id = id_in(first);
    reason.why = why;
    reason.row = first.substr(0, Note::most);
    meter_.reasons.add(reason);
  }
}

Fate Delivery::post(const Payload& payload, const std::string& reason) {
  Letter letter{wall_ns(), instance_.id, reason, attempts(), instance_.codec->name, {}, 1, {}};
  Posted posted = post_rows(*letters_, payload, letter);
  posted_rows_ += posted.kept;
  unposted_rows_ += posted.full;
  return posted.full > 0 ? Fate::Dropped : Fate::Lettered;
}

void Delivery::settle(Shipment shipment, std::span<const Fate> fates) {
  size_t before = settled_.size();
  if (bisection_.is_active()) {
    bisection_.settle(*std::max_element(fates.begin(), fates.end()));
    bisection_.collect(settled_);
  } else {
    for (size_t i = 0; i < shipment.size(); i++) {
      settled_.push_back({shipment[i], fates[i], 0});
    }
  }
  for (size_t i = before; refusals_ != nullptr && i < settled_.size(); i++) {
    settled_[i].refusal = refusals_->sent();
  }
  offered_ = 0;
  finish();
}

// Lets go of what is final, once its letters are on the disk and its refused rows through their stack.
void Delivery::finish() {
  if (settled_.empty() || !keep_letters()) {
    return;
  }
  size_t finished = count_finished();
  for (size_t i = 0; i < finished; i++) {
    finish_(settled_[i].payload, settled_[i].fate);
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(finished));
  settled_.erase(settled_.begin(), settled_.begin() + static_cast<std::ptrdiff_t>(finished));
  meter_.pulse.move(clock_(), waiting_.empty() ? 0 : waiting_.front()->sealed_at);
}

// False: they cannot be written, and are kept in memory.
bool Delivery::keep_letters() {
  if (letters_ && !letters_->flush()) {
    meter_.is_failing.set(1);
    meter_.pulse.fail(clock_(), "letters: " + letters_->reason());
    int64_t pause = letters_retry_.fail(Outcome::Again, clock_(), 0);
    say_waiting(Outcome::Again, "letters: " + letters_->reason(), pause);
    return false;
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
  return true;
}

bool Delivery::drop() {
  bool has_any = !waiting_.empty();
  bool is_flushed = !letters_ || letters_->flush();
  uint64_t posted = std::exchange(posted_rows_, 0);
  uint64_t full = std::exchange(unposted_rows_, 0);
  (is_flushed ? meter_.lettered_rows : meter_.abandoned_rows).add(posted);
  meter_.letters_full_rows.add(full);
  meter_.routed_rows.add(refusals_ == nullptr ? 0 : refusals_->abandon());
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
