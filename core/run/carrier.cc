// SPDX-License-Identifier: Apache-2.0
#include "core/run/carrier.hh"

#include <pthread.h>

#include <algorithm>

#include "core/base/clock.hh"
#include "core/run/front.hh"
#include "core/run/ledger.hh"
#include "core/run/route_run.hh"

namespace stook {

Carrier::Carrier(std::shared_ptr<const Instance> instance_, Notice& notice)
    : shared(std::move(instance_)),
      instance(*shared),
      notice_(notice),
      calls_(notice),
      delivery_(instance, meter, [this](Payload* payload, Fate fate) ROOM(carrier) { finish(payload, fate); }) {}
Carrier::~Carrier() = default;

void Carrier::open() {
  delivery_.open();
  is_open_ = true;
}

void Carrier::add_route(const RouteRun& route) {
  for (auto& outbox : route.outboxes) {
    if (&outbox->carrier == this) {
      outboxes_.push_back(outbox.get());
    }
  }
}

void Carrier::remove_route(const RouteRun& route) {
  std::erase_if(outboxes_, [&](Outbox* outbox) {
    return std::any_of(route.outboxes.begin(), route.outboxes.end(), [&](auto& one) { return one.get() == outbox; });
  });
}

void Carrier::launch() {
  thread_ = std::thread([this] {
    room::enter(room::carrier);
    pthread_setname_np(pthread_self(), ("stook-" + instance.id).substr(0, 15).c_str());
    serve();
    has_ended_.store(true, std::memory_order_release);
    notice_.give();
  });
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
    calls_.run();
    bool is_ending = end_asked_.load(std::memory_order_acquire);
    if (!is_open_) {
      if (is_ending) {
        return;
      }
      bell.wait();
      continue;
    }
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
  if (drop_asked_.load(std::memory_order_acquire)) {
    return delivery_.drop();
  }
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
  Order* order = payload->home->order;
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
      front.receive(receipt);
    }
  }
  payload->home->outbox.give_back(payload);
}

}  // namespace stook
