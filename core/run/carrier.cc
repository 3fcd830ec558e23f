// SPDX-License-Identifier: Apache-2.0
#include "core/run/carrier.hh"

#include <pthread.h>

#include <algorithm>
#include <exception>

#include "core/base/clock.hh"
#include "core/run/front.hh"
#include "core/run/ledger.hh"

namespace stook {

namespace {
constexpr int64_t first_pause = 200'000'000;
constexpr int64_t longest_pause = 30'000'000'000;
/// The most payloads offered together: enough for a full writev(2), few enough for a retry to stay cheap.
constexpr size_t shipment_most = 64;
}  // namespace

Carrier::Carrier(const Instance& instance_, size_t lanes) : instance(instance_), orders_(lanes) {}
Carrier::~Carrier() = default;

void Carrier::reorder_lane(uint32_t lane, size_t slots) {
  orders_[lane] = std::make_unique<Order>();
  orders_[lane]->early.assign(slots + 1, nullptr);
}

void Carrier::launch() {
  std::exception_ptr failure;
  Doorbell started;
  thread_ = std::thread([&] {
    room::enter(room::carrier);
    pthread_setname_np(pthread_self(), ("stook-" + instance.id).substr(0, 15).c_str());
    try {
      header_codec_ = instance.codec->codec({instance.codec_config.get(), instance.id, {}});
      sink_ = instance.plugin->sink({instance.config.get(), instance.id, header_codec_->header()});
      sink_->open();
    } catch (...) {
      failure = std::current_exception();
      started.ring();
      return;
    }
    started.ring();
    serve();
  });
  started.wait();
  if (failure) {
    thread_.join();
    std::rethrow_exception(failure);
  }
}

void Carrier::ask_end(bool abandon) {
  abandon_asked_.store(abandon, std::memory_order_release);
  end_asked_.store(true, std::memory_order_release);
  bell.ring();
}

void Carrier::join() {
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Carrier::serve() {
  for (;;) {
    bell.hush();
    bool is_ending = end_asked_.load(std::memory_order_acquire);
    if (serve_once()) {
      continue;
    }
    if (is_ending && (waiting_.empty() || abandon_asked_.load(std::memory_order_acquire))) {
      break;
    }
    bell.wait_until(wake_at());
  }
  sink_->close();
}

int64_t Carrier::wake_at() {
  int64_t at = waiting_.empty() ? -1 : retry_at_;
  int64_t timer = sink_->next_time();
  return at < 0 ? timer : timer < 0 ? at : std::min(at, timer);
}

bool Carrier::serve_once() {
  if (reopen_asked_.exchange(false, std::memory_order_acq_rel)) {
    sink_->reopen();
    retry_at_ = -1;
  }
  gather();
  int64_t timer = sink_->next_time();
  if (timer >= 0 && monotonic_ns() >= timer) {
    sink_->on_time(monotonic_ns());
  }
  if (waiting_.empty() || (retry_at_ >= 0 && monotonic_ns() < retry_at_)) {
    return false;
  }
  deliver();
  return true;
}

void Carrier::gather() {
  for (Outbox* outbox : outboxes_) {
    while (waiting_.size() < shipment_most * 4) {
      Payload* payload = outbox->receive();
      if (payload == nullptr) {
        break;
      }
      take(payload);
    }
  }
}

// A payload of a dealt lane waits here until all of its lane before it have come.
void Carrier::take(Payload* payload) {
  Order* order = orders_[payload->lane].get();
  if (order == nullptr) {
    waiting_.push_back(payload);
    return;
  }
  std::vector<Payload*>& early = order->early;
  early[payload->sequence % early.size()] = payload;
  while (Payload* next = early[order->next % early.size()]) {
    early[order->next % early.size()] = nullptr;
    order->next++;
    if (next->rows() == 0) {
      finish(next, Fate::Done);
    } else {
      waiting_.push_back(next);
    }
  }
}

void Carrier::deliver() {
  size_t most = singly_ > 0 ? 1 : shipment_most;
  Shipment shipment(waiting_.data(), std::min(most, waiting_.size()));
  if (offer(shipment)) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(shipment.size()));
    singly_ -= std::min(singly_, shipment.size());
  }
}

// True when the shipment is final.
bool Carrier::offer(Shipment shipment) {
  int64_t start = monotonic_ns();
  Outcome outcome = sink_->deliver(shipment);
  int64_t end = monotonic_ns();
  meter.ns.add(static_cast<uint64_t>(end - start));
  meter.deliveries.add(1);
  if (outcome == Outcome::Again) {
    back_off();
    return false;
  }
  if (pause_ != 0) {
    pause_ = 0;
    retry_at_ = -1;
    meter.is_failing.set(0);
    log_event(Level::Notice, "sink_recovered", Fields()("instance", instance.id));
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
    meter.payloads.add(1);
    meter.rows.add(payload->rows());
    meter.bytes.add(payload->size());
    meter.age.add(static_cast<uint64_t>(std::max<int64_t>(0, end - payload->sealed_at)) / 1000);
    finish(payload, Fate::Done);
  }
  return true;
}

void Carrier::refuse(Shipment shipment) {
  static LogLimit limit;
  for (Payload* payload : shipment) {
    meter.refused_rows.add(payload->rows());
    if (auto pass = limit.pass()) {
      log_event(Level::Error, "sink_refused",
                Fields()("instance", instance.id)("rows", uint64_t{payload->rows()})("reason", sink_->reason())(
                    "suppressed", pass.suppressed));
    }
    finish(payload, Fate::Refused);
  }
}

// Full jitter over a pause that doubles from 0.2 s to 30 s, for ever.
void Carrier::back_off() {
  meter.retries.add(1);
  meter.is_failing.set(1);
  pause_ = pause_ == 0 ? first_pause : std::min(pause_ * 2, longest_pause);
  random_ = random_ * 1664525u + 1013904223u;
  int64_t jittered = pause_ / 2 + pause_ / 2 * (random_ >> 16) / 65536;
  retry_at_ = monotonic_ns() + jittered;
  if (auto pass = again_limit_.pass()) {
    log_event(
        Level::Error, "sink_waits",
        Fields()("instance", instance.id)("reason", sink_->reason())("waiting_payloads", uint64_t{waiting_.size()})(
            "retry_in", show_duration(jittered))("suppressed", pass.suppressed));
  }
}

void Carrier::finish(Payload* payload, Fate fate) {
  Receipt* receipt = payload->receipt;
  payload->home->outbox.give_back(payload);
  Front& front = receipt->ledger->front;
  if (receipt->settle(fate)) {
    receipts[front.number]->push(receipt);
    front.receipt_home();
  }
}

}  // namespace stook
