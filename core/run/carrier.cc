// SPDX-License-Identifier: Apache-2.0
#include "core/run/carrier.hh"

#include <pthread.h>

#include <algorithm>
#include <exception>

#include "core/base/clock.hh"
#include "core/run/front.hh"
#include "core/run/ledger.hh"

namespace stook {

Carrier::Carrier(const Instance& instance_, size_t lanes)
    : instance(instance_),
      orders_(lanes),
      delivery_(instance_, meter, [this](Payload* payload, Fate fate) ROOM(carrier) { finish(payload, fate); }) {}
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
      delivery_.open();
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
    if (is_ending && (delivery_.is_idle() || abandon_asked_.load(std::memory_order_acquire))) {
      break;
    }
    bell.wait_until(delivery_.wake_at());
  }
  delivery_.close();
}

bool Carrier::serve_once() {
  if (reopen_asked_.exchange(false, std::memory_order_acq_rel)) {
    delivery_.reopen();
  }
  gather();
  return delivery_.serve();
}

void Carrier::gather() {
  for (Outbox* outbox : outboxes_) {
    while (delivery_.has_room()) {
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
    delivery_.take(payload);
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
      delivery_.take(next);
    }
  }
}

void Carrier::finish(Payload* payload, Fate fate) {
  for (Receipt* receipt : payload->receipts) {
    Front& front = receipt->ledger->front;
    if (receipt->settle(fate)) {
      receipts[front.number]->push(receipt);
      front.receipt_home();
    }
  }
  payload->home->outbox.give_back(payload);
}

}  // namespace stook
