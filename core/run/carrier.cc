// SPDX-License-Identifier: Apache-2.0
#include "core/run/carrier.hh"

#include <pthread.h>

#include <algorithm>

#include "core/base/clock.hh"
#include "core/run/fate.hh"
#include "core/run/front.hh"
#include "core/run/ledger.hh"
#include "core/run/route_run.hh"

namespace stook {

Carrier::Carrier(std::shared_ptr<const Instance> instance_, Notice& notice, const std::vector<SpoolSettings>& left)
    : shared(std::move(instance_)),
      instance(*shared),
      notice_(notice),
      calls_(notice),
      left_(left.size()),
      delivery_(instance, meter, [this](Payload* payload, Fate fate) ROOM(carrier) { finish(payload, fate); }) {
  for (const SpoolSettings& which : left) {
    add_spool(which);
  }
  if (!instance.spool.folder.empty()) {
    add_spool(instance.spool);
  } else if (instance.hold.is_on()) {
    hold_ = std::make_unique<Hold>(instance.hold, delivery_,
                                   [this](Payload* payload) ROOM(carrier) { finish(payload, Fate::Done); });
  }
}
Carrier::~Carrier() = default;

void Carrier::open() {
  open_way(way_);
  is_open_ = true;
}

void Carrier::add_route(const RouteRun& route) {
  std::for_each(spools_.begin(), spools_.end(), [](auto& one) ROOM(carrier) { one->begin(); });
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
  has_ended_.store(false, std::memory_order_release);
  thread_ = std::thread([this] {
    room::enter(room::carrier);
    pthread_setname_np(pthread_self(), ("stook-" + instance.id).substr(0, 15).c_str());
    serve();
    has_ended_.store(true, std::memory_order_release);
    notice_.give();
  });
}

void Carrier::ask_end(bool abandon, bool leave) {
  leave_asked_.store(leave, std::memory_order_release);
  abandon_asked_.store(abandon, std::memory_order_release);
  end_asked_.store(true, std::memory_order_release);
  if (abandon) {
    delivery_.hurry();
  }
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
    calls_.run();  // all that were posted before the end was asked for
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
    if (is_ending && (is_idle() || abandon_asked_.load(std::memory_order_acquire))) {
      break;
    }
    relent();
    bell.wait_until(wake_at());
  }
  if (Spooled* one = spool()) {
    one->close(leave_asked_.load(std::memory_order_acquire));
  } else {
    delivery_.close();
  }
}

bool Carrier::serve_once() {
  if (reopen_asked_.exchange(false, std::memory_order_acq_rel)) {
    spool() != nullptr ? spool()->reopen() : delivery_.reopen();
  }
  is_flushing_ = flush_asked_.exchange(false, std::memory_order_acq_rel) || is_flushing_;
  bool has_gathered = gather();
  // What was posted before the flush was asked for may still be in an outbox, if there was no room for it.
  bool is_dry = !has_gathered && has_room();
  if (Spooled* one = spool()) {
    return serve_spool(*one, is_dry) || (is_flushing_ && has_gathered);
  }
  if (drop_asked_.load(std::memory_order_acquire)) {
    if (hold_) {
      hold_->serve(true);
    }
    return delivery_.drop();
  }
  if (hold_) {
    hold_->serve(is_flushing_ && !has_gathered);
  }
  // Until all is final: what a stack for refused rows holds back would hold this sink's payloads back.
  delivery_.flush_refused(is_flushing_);
  is_flushing_ = is_flushing_ && !(is_dry && (!hold_ || hold_->is_idle()));
  return delivery_.serve() || (is_flushing_ && has_gathered);
}

bool Carrier::serve_spool(Spooled& one, bool is_dry) {
  bool was_open = one.spool() != nullptr;
  bool has_moved = one.serve();
  if (!was_open && one.spool() != nullptr) {
    notice_.give();  // who had it before may be forgotten
  }
  if (drop_asked_.load(std::memory_order_acquire)) {
    return one.drop() || has_moved;
  }
  if (is_flushing_ && is_dry && !has_moved) {
    one.flush();
    is_flushing_ = false;
  }
  return (is_leaving() && leave_spool()) || has_moved;
}

bool Carrier::has_room() const {
  if (const Spooled* one = spooled()) {
    bool is_closed = is_leaving() && one->is_foreign();  // of no use for what comes
    return drop_asked_.load(std::memory_order_acquire) || (lull_ends_at_ < 0 && !is_closed && one->has_room());
  }
  return hold_ ? hold_->has_room() : delivery_.has_room();
}

bool Carrier::is_idle() const {
  const Spooled* one = spooled();
  return one != nullptr ? one->is_idle() : delivery_.is_idle() && (!hold_ || hold_->is_idle());
}

int64_t Carrier::wake_at() {
  if (Spooled* one = spool()) {
    int64_t at = one->wake_at();
    int64_t leave = is_leaving() ? leave_at() : -1;
    return at < 0 ? leave : leave < 0 ? at : std::min(at, leave);
  }
  int64_t at = delivery_.wake_at();
  int64_t held = hold_ ? hold_->wake_at() : -1;
  return at < 0 ? held : held < 0 ? at : std::min(at, held);
}

void Carrier::relent() {
  for (Outbox* outbox : outboxes_) {
    outbox->relent();
  }
}

bool Carrier::gather() {
  bool has_gathered = false;
  for (Outbox* outbox : outboxes_) {
    while (has_room()) {
      Payload* payload = outbox->receive();
      if (payload == nullptr) {
        break;
      }
      has_gathered = true;
      take(payload);
    }
  }
  return has_gathered;
}

// A payload of a dealt lane waits here until all of its lane before it have come.
void Carrier::take(Payload* payload) {
  Order* order = payload->home->order;
  if (order == nullptr) {
    pass(payload);
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
      pass(next);
    }
  }
}

void Carrier::pass(Payload* payload) {
  if (Spooled* one = spool()) {
    one->take(payload);
  } else if (hold_) {
    hold_->take(payload);
  } else {
    delivery_.take(payload);
  }
}

// A payload without a home is a batch of the hold.
void Carrier::finish(Payload* payload, Fate fate) {
  if (fate == Fate::Dropped) {
    tell_fate(*payload, "dropped", "its sink went away and had not taken it");
  }
  settle(payload->receipts, fate);
  if (payload->home == nullptr) {
    hold_->recycle(payload);
  } else {
    give_back(payload);
  }
}

void Carrier::give_back(Payload* payload) {
  payload->home->outbox.give_back(payload);
}

void Carrier::settle(const std::vector<Receipt*>& held, Fate fate) {
  for (Receipt* receipt : held) {
    if (FollowedRows::is(*receipt)) {
      if (receipt->settle(fate)) {
        FollowedRows::end(*receipt);
      }
      continue;
    }
    Front& front = receipt->ledger->front;
    if (receipt->settle(fate)) {
      front.receive(receipt);
    }
  }
}

}  // namespace stook
