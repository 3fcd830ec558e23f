// SPDX-License-Identifier: Apache-2.0
#include "core/run/worker.hh"

#include <pthread.h>

#include <algorithm>

#include "core/base/clock.hh"
#include "core/run/front.hh"
#include "core/run/route_run.hh"
#include "core/run/runner.hh"

namespace stook {

namespace {
/// How many bundles of one lane run before the next lane has its turn.
constexpr int burst = 4;
/// A wake-up costs a carrier and its worker as much as some 50 rows do, so several payloads share one. But none waits
/// for longer than this, nor when the worker has nothing else to do, nor when half of the slots wait. Measured by
/// test/bench/run --only four.
constexpr int64_t announce_after = 500'000;
}  // namespace

Filter* Worker::replica(const Instance& instance, const Lane& lane) {
  const Lane* of = instance.wiring.state == State::Lane ? &lane : nullptr;
  for (Replica& replica : replicas_) {
    if (replica.instance == &instance && replica.lane == of) {
      return replica.filter.get();
    }
  }
  Replica replica{&instance, of, instance.plugin->filter({instance.config.get(), instance.id, {}}), instance.config};
  replicas_.push_back(std::move(replica));
  return replicas_.back().filter.get();
}

void Worker::make_fresh(const Instance& instance, const Instance& fresh) {
  for (Replica& replica : replicas_) {
    if (replica.instance == &instance) {
      replica.fresh = instance.plugin->filter({fresh.config.get(), instance.id, {}});
      replica.fresh_config = fresh.config;
      replica.is_leaving = false;
    }
  }
}

void Worker::take_fresh() {
  for (Replica& replica : replicas_) {
    replica.is_leaving = replica.fresh != nullptr && replica.instance->wiring.tick > 0;
    has_leaving_ = has_leaving_ || replica.is_leaving;
    if (replica.fresh && !replica.is_leaving) {
      replace(replica);
    }
  }
}

void Worker::replace(Replica& replica) {
  for (Arrival& arrival : arrivals_) {
    arrival.runner->replace(*replica.filter, *replica.fresh);
  }
  replica.filter = std::move(replica.fresh);
  replica.config = std::move(replica.fresh_config);
  replica.is_leaving = false;
}

bool Worker::is_leaving(const Filter& filter) const {
  return has_leaving_ && std::any_of(replicas_.begin(), replicas_.end(),
                                     [&](const Replica& one) { return one.is_leaving && one.filter.get() == &filter; });
}

// COLD: after a tick that was the last one of those that leave.
void Worker::replace_left(const Bundle& bundle, const Runner& runner) {
  bool has_more = false;
  for (Replica& replica : replicas_) {
    bool has_ticked = (replica.lane == nullptr || replica.lane == bundle.lane) && runner.has(*replica.instance);
    if (replica.is_leaving && has_ticked) {
      replace(replica);
    }
    has_more = has_more || replica.is_leaving;
  }
  has_leaving_ = has_more;
}

void Worker::drop_fresh() {
  for (Replica& replica : replicas_) {
    replica.fresh.reset();
    replica.fresh_config.reset();
    replica.is_leaving = false;
  }
}

void Worker::make_replicas(const RouteRun& route) {
  Runner* runner = route.runners[number].get();
  for (auto& lane : route.lanes) {
    for (size_t way = 0; runner != nullptr && way < lane->ways(); way++) {
      if (&lane->worker(way) == this) {
        runner->make_replicas(*lane);
      }
    }
  }
}

void Worker::add_route(const RouteRun& route) {
  Runner* runner = route.runners[number].get();
  if (runner == nullptr) {
    return;
  }
  for (auto& lane : route.lanes) {
    for (size_t way = 0; way < lane->ways(); way++) {
      if (&lane->worker(way) == this) {
        arrivals_.push_back({lane.get(), way, runner});
      }
    }
  }
  outboxes_.insert(outboxes_.end(), runner->outboxes.begin(), runner->outboxes.end());
  slots_.resize(std::max(slots_.size(), runner->outboxes.size()));
}

void Worker::remove_route(const RouteRun& route) {
  Runner* runner = number < route.runners.size() ? route.runners[number].get() : nullptr;
  if (runner == nullptr) {
    return;
  }
  std::erase_if(arrivals_, [&](const Arrival& arrival) { return arrival.runner == runner; });
  std::erase_if(outboxes_, [&](Outbox* outbox) {
    return std::find(runner->outboxes.begin(), runner->outboxes.end(), outbox) != runner->outboxes.end();
  });
  runner->drop_replicas();
  std::erase_if(replicas_, [&](const Replica& one) ROOM(worker) { return !is_needed(one); });
}

bool Worker::is_needed(const Replica& replica) const {
  for (const Arrival& arrival : arrivals_) {
    if (replica.lane != nullptr && replica.lane != arrival.lane) {
      continue;
    }
    if (arrival.runner->has(*replica.instance)) {
      return true;
    }
  }
  return false;
}

void Worker::launch() {
  thread_ = std::thread([this] {
    room::enter(room::worker);
    pthread_setname_np(pthread_self(), ("stook-work-" + std::to_string(number)).c_str());
    serve();
  });
}

void Worker::serve() {
  for (;;) {
    bell.hush();
    calls_.run();
    bool is_ending = end_asked_.load(std::memory_order_acquire);
    if (serve_once()) {
      continue;
    }
    if (is_ending) {
      break;
    }
    bell.wait();
  }
  for (Arrival& arrival : arrivals_) {
    arrival.runner->drop_replicas();
  }
  replicas_.clear();
}

bool Worker::serve_once() {
  bool has_run = false;
  for (Arrival& arrival : arrivals_) {
    for (int i = 0; i < burst; i++) {
      if (arrival.lane->link(arrival.way).is_empty() || !admit(arrival)) {
        break;
      }
      arrival.runner->busy_since.set(monotonic_ns());
      run_one(arrival);
      arrival.runner->busy_since.set(0);
      has_run = true;
    }
  }
  if (!has_run) {
    announce();
  }
  return has_run;
}

void Worker::announce_in_time(int64_t now) {
  bool is_time = std::any_of(outboxes_.begin(), outboxes_.end(),
                             [now](Outbox* outbox) ROOM(worker) { return outbox->has_waited(now, announce_after); });
  if (is_time) {
    announce();
  }
}

void Worker::announce() {
  for (Outbox* outbox : outboxes_) {
    outbox->announce();
  }
}

// A bundle starts only if it can finish: one slot in each sink of the route, or none at all. A sink that drops when it
// is full takes part with an empty hand. Where a filter gave up, nothing starts.
bool Worker::admit(Arrival& arrival) {
  Runner& runner = *arrival.runner;
  if (runner.stands_still.read() != 0) {
    return false;
  }
  for (size_t i = 0; i < runner.outboxes.size(); i++) {
    slots_[i] = runner.outboxes[i]->reserve(arrival.lane->index);
    if (slots_[i] == nullptr && runner.route.plan.sinks[i]->full == Full::Wait) {
      while (i-- > 0) {
        if (slots_[i] != nullptr) {
          runner.outboxes[i]->release(slots_[i]);
        }
      }
      return false;
    }
  }
  return true;
}

void Worker::run_one(Arrival& arrival) {
  Runner& runner = *arrival.runner;
  Lane& lane = *arrival.lane;
  Bundle* bundle = lane.link(arrival.way).receive();
  Receipt* receipt = bundle->receipt;
  runner.run(*bundle, slots_.data());
  int64_t now = monotonic_ns();
  if (has_leaving_ && bundle->kind != Bundle::Kind::Rows) {
    replace_left(*bundle, runner);
  }
  bool must_post = runner.route.plan.is_dealt;  // the carrier counts the sequences of a dealt lane
  for (size_t i = 0; i < runner.outboxes.size(); i++) {
    Payload* payload = slots_[i];
    if (payload == nullptr) {
      continue;
    }
    if (payload->rows() == 0 && !must_post) {
      runner.outboxes[i]->release(payload);
      continue;
    }
    payload->lane = lane.number;
    payload->sequence = bundle->sequence;
    payload->sealed_at = bundle->sealed_at;
    payload->receipts.push_back(receipt);
    payload->receipts.insert(payload->receipts.end(), bundle->released.begin(), bundle->released.end());
    for (Receipt* held : payload->receipts) {
      held->hold();
    }
    runner.outboxes[i]->post(payload, now);
  }
  announce_in_time(now);
  for (Receipt* held : bundle->released) {
    settle(held);
  }
  bundle->released.clear();
  lane.link(arrival.way).give_back(bundle);
  runner.route.front.bundle_home();
  settle(receipt);
}

void Worker::settle(Receipt* receipt) {
  Front& front = receipt->ledger->front;
  if (receipt->settle(Fate::Done)) {
    front.receive(receipt);
  }
}

}  // namespace stook
