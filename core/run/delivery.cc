// SPDX-License-Identifier: Apache-2.0
#include "core/run/delivery.hh"

#include <algorithm>
#include <utility>

#include "core/base/clock.hh"
#include "core/base/text.hh"

namespace stook {

namespace {
constexpr int64_t first_pause = 200'000'000;
constexpr int64_t longest_pause = 30'000'000'000;
/// The most payloads offered together: enough for a full writev(2), few enough for a retry to stay cheap.
constexpr size_t shipment_most = 64;
}  // namespace

Delivery::Delivery(const Instance& instance, SinkMeter& meter, Finish finish)
    : instance_(instance), meter_(meter), finish_(std::move(finish)) {}

void Delivery::open() {
  header_codec_ = instance_.codec->codec({instance_.codec_config.get(), instance_.id, {}});
  sink_ = instance_.plugin->sink({instance_.config.get(), instance_.id, header_codec_->header()});
  sink_->open();
}

void Delivery::reopen() {
  sink_->reopen();
  retry_at_ = -1;
}

int64_t Delivery::wake_at() {
  int64_t at = waiting_.empty() ? -1 : retry_at_;
  int64_t timer = sink_->next_time();
  return at < 0 ? timer : timer < 0 ? at : std::min(at, timer);
}

bool Delivery::serve() {
  int64_t timer = sink_->next_time();
  if (timer >= 0 && monotonic_ns() >= timer) {
    sink_->on_time(monotonic_ns());
  }
  if (waiting_.empty() || (retry_at_ >= 0 && monotonic_ns() < retry_at_)) {
    return false;
  }
  // What was collected on purpose is offered as it was collected.
  size_t most = singly_ > 0 || instance_.hold.is_on() ? 1 : shipment_most;
  Shipment shipment(waiting_.data(), std::min(most, waiting_.size()));
  if (offer(shipment)) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(shipment.size()));
    singly_ -= std::min(singly_, shipment.size());
    meter_.pulse.move(monotonic_ns(), waiting_.empty() ? 0 : waiting_.front()->sealed_at);
  }
  return true;
}

// True when the shipment is final.
bool Delivery::offer(Shipment shipment) {
  int64_t start = monotonic_ns();
  meter_.pulse.ask(start);
  Outcome outcome = sink_->deliver(shipment);
  meter_.pulse.answer();
  int64_t end = monotonic_ns();
  meter_.ns.add(static_cast<uint64_t>(end - start));
  meter_.deliveries.add(1);
  if (outcome == Outcome::Again) {
    back_off();
    return false;
  }
  if (pause_ != 0) {
    pause_ = 0;
    retry_at_ = -1;
    meter_.is_failing.set(0);
    meter_.pulse.recover();
    log_event(Level::Notice, "sink_recovered", Fields()("instance", instance_.id));
  }
  if (outcome == Outcome::Refused) {
    if (shipment.size() > 1) {
      singly_ = shipment.size();
      return false;
    }
    refuse(shipment);
    return true;
  }
  for (Payload* payload : shipment) {
    meter_.payloads.add(1);
    meter_.rows.add(payload->rows());
    meter_.bytes.add(payload->size());
    meter_.age.add(static_cast<uint64_t>(std::max<int64_t>(0, end - payload->sealed_at)) / 1000);
    finish_(payload, Fate::Done);
  }
  return true;
}

bool Delivery::drop() {
  bool has_any = !waiting_.empty();
  for (Payload* payload : waiting_) {
    meter_.abandoned_rows.add(payload->rows());
    finish_(payload, Fate::Dropped);
  }
  waiting_.clear();
  return has_any;
}

void Delivery::refuse(Shipment shipment) {
  static LogLimit limit;
  for (Payload* payload : shipment) {
    meter_.refused_rows.add(payload->rows());
    if (auto pass = limit.pass()) {
      log_event(Level::Error, "sink_refused",
                Fields()("instance", instance_.id)("rows", uint64_t{payload->rows()})("reason", sink_->reason())(
                    "suppressed", pass.suppressed));
    }
    finish_(payload, Fate::Refused);
  }
}

// Full jitter over a pause that doubles from 0.2 s to 30 s, for ever.
void Delivery::back_off() {
  meter_.retries.add(1);
  meter_.is_failing.set(1);
  pause_ = pause_ == 0 ? first_pause : std::min(pause_ * 2, longest_pause);
  random_ = random_ * 1664525u + 1013904223u;
  int64_t jittered = pause_ / 2 + pause_ / 2 * (random_ >> 16) / 65536;
  retry_at_ = monotonic_ns() + jittered;
  meter_.pulse.fail(monotonic_ns(), sink_->reason());
  if (auto pass = again_limit_.pass()) {
    log_event(
        Level::Error, "sink_waits",
        Fields()("instance", instance_.id)("reason", sink_->reason())("waiting_payloads", uint64_t{waiting_.size()})(
            "retry_in", show_duration(jittered))("suppressed", pass.suppressed));
  }
}

}  // namespace stook
