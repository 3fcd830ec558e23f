// SPDX-License-Identifier: Apache-2.0
#include "core/run/outbox.hh"

#include <algorithm>

#include "core/run/carrier.hh"
#include "core/run/worker.hh"

namespace stook {

PayloadSlots::PayloadSlots(Outbox& outbox_, size_t slots, Order* order_)
    : outbox(outbox_), order(order_), pool(slots, [this] {
        auto payload = std::make_unique<Payload>();
        payload->home = this;
        return payload;
      }) {}

Outbox::Outbox(Worker& worker_, Carrier& carrier_, size_t lanes, size_t slots)
    : worker(worker_), carrier(carrier_), slots_(slots), lanes_(lanes) {}

void Outbox::open_lane(size_t lane, Order* order) {
  if (!lanes_[lane]) {
    lanes_[lane] = std::make_unique<PayloadSlots>(*this, slots_, order);
    total_ += slots_;
    link_ = std::make_unique<Link<Payload>>(total_);
  }
}

void Outbox::collect() {
  while (Payload* payload = link_->come_home()) {
    payload->home->pool.put(payload);
  }
}

Payload* Outbox::reserve(size_t lane) {
  Pool<Payload>& pool = lanes_[lane]->pool;
  if (Payload* payload = pool.take()) {
    return payload;
  }
  collect();
  if (Payload* payload = pool.take()) {
    return payload;
  }
  // Half of the slots, so that carrier and worker do not wake each other for every payload.
  wanted_.exchange(static_cast<int64_t>(std::max<size_t>(1, slots_ / 2)), std::memory_order_acq_rel);
  collect();
  Payload* payload = pool.take();
  starved.add(payload == nullptr ? 1 : 0);
  return payload;
}

void Outbox::announce() {
  if (unannounced_ > 0) {
    unannounced_ = 0;
    carrier.bell.ring();
  }
}

bool Outbox::is_full() {
  collect();
  for (auto& lane : lanes_) {
    if (lane && !lane->pool.is_full()) {
      return false;
    }
  }
  return true;
}

void Outbox::give_back(Payload* payload) {
  link_->give_back(payload);
  returned.add(1);
  if (wanted_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    worker.bell.ring();
  }
}

void Outbox::relent() {
  if (wanted_.exchange(0, std::memory_order_acq_rel) > 0) {
    worker.bell.ring();
  }
}

}  // namespace stook
