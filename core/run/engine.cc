// SPDX-License-Identifier: Apache-2.0
#include "core/run/engine.hh"

#include "core/base/clock.hh"
#include "core/run/runner.hh"

namespace stook {

Engine::Engine(const Plan& plan, Loop& loop) : plan_(plan), loop_(loop) {
  fronts_.push_back(std::make_unique<Front>(*this, 0, loop));
  for (size_t i = 0; i < plan.settings.threads; i++) {
    workers_.push_back(std::make_unique<Worker>(i));
  }
  build_routes();
  build_workers();
  build_receipts();
}

Engine::~Engine() {
  room::enter(room::front);
  if (!has_ended_) {
    end_threads(true);
  }
}

Carrier& Engine::carrier_of(const Instance& sink) {
  for (auto& carrier : carriers_) {
    if (&carrier->instance == &sink) {
      return *carrier;
    }
  }
  carriers_.push_back(std::make_unique<Carrier>(sink, lanes_));
  return *carriers_.back();
}

void Engine::build_routes() {
  for (auto& plan : plan_.routes) {
    lanes_ += plan->source->lanes;
  }
  uint32_t number = 0;
  for (auto& plan : plan_.routes) {
    Front* front = fronts_[0].get();
    if (plan->source->has_own_front) {
      fronts_.push_back(std::make_unique<Front>(*this, fronts_.size()));
      front = fronts_.back().get();
    }
    routes_.push_back(std::make_unique<RouteRun>(*plan, *front));
    RouteRun& route = *routes_.back();
    for (size_t i = 0; i < plan->source->lanes; i++) {
      route.lanes.push_back(std::make_unique<Lane>(route, i, number++));
    }
    for (const Node& node : plan->nodes) {
      int64_t tick = node.instance->wiring.tick;
      if (tick > 0 && (route.tick_period == 0 || tick < route.tick_period)) {
        route.tick_period = tick;
      }
    }
    for (const Instance* sink : plan->sinks) {
      route.carriers.push_back(&carrier_of(*sink));
    }
    route.runners.resize(workers_.size());
  }
}

void Engine::build_workers() {
  for (auto& route : routes_) {
    connect(*route);
    size_t slots = 0;
    for (auto& runner : route->runners) {
      slots += runner ? runner->outboxes.size() * plan_.settings.slots * route->lanes.size() : 0;
    }
    route->feed = std::make_unique<RouteFeed>(route->front, *route, route->plan.bundles + slots + route->plan.held);
    route->front.feeds.push_back(route->feed.get());
  }
  for (auto& worker : workers_) {
    for (auto& outbox : worker->outboxes()) {
      outbox->carrier.add_outbox(*outbox);
    }
  }
}

// A dealt lane has a way to every worker, a pinned one to its own.
void Engine::connect(RouteRun& route) {
  size_t in_flight = route.plan.bundles + 1 + workers_.size() * plan_.settings.slots;
  for (auto& lane : route.lanes) {
    for (auto& worker : workers_) {
      if (!route.plan.is_dealt && route.plan.lane_worker[lane->index] != worker->number) {
        continue;
      }
      auto& runner = route.runners[worker->number];
      if (!runner) {
        runner = std::make_unique<Runner>(route, *worker);
        for (Carrier* carrier : route.carriers) {
          runner->outboxes.push_back(&worker->outbox(*carrier, lanes_, plan_.settings.slots));
        }
      }
      for (Outbox* outbox : runner->outboxes) {
        outbox->open_lane(lane->number);
      }
      lane->connect(*worker, route.plan.bundles + 1);
      worker->add_lane(*lane, lane->ways() - 1, *runner);
    }
    if (route.plan.is_dealt) {
      for (Carrier* carrier : route.carriers) {
        carrier->reorder_lane(lane->number, in_flight);
      }
    }
  }
}

// One queue from each worker and each carrier to each front, as long as all receipts that could be on it.
void Engine::build_receipts() {
  for (auto& front : fronts_) {
    size_t most = 0;
    for (auto& route : routes_) {
      if (&route->front == front.get()) {
        most += route->plan.bundles + 1 + route->plan.held +
                plan_.settings.slots * workers_.size() * route->lanes.size() * route->carriers.size() +
                route->lanes.size();
      }
    }
    auto add = [&](std::vector<Queue<Receipt>*>& receipts) {
      front->receipts.push_back(std::make_unique<Queue<Receipt>>(most + 1));
      receipts.push_back(front->receipts.back().get());
    };
    for (auto& worker : workers_) {
      add(worker->receipts);
    }
    for (auto& carrier : carriers_) {
      add(carrier->receipts);
    }
  }
}

void Engine::start() {
  started_at_ = monotonic_ns();
  done_.on_wake<&Engine::on_front_done>(loop_, this);
  health_.start(loop_, plan_.settings.stall_after.ns);
  for (auto& front : fronts_) {
    front->vigil = &health_.vigil;
  }
  for (auto& carrier : carriers_) {
    carrier->launch();
  }
  for (auto& worker : workers_) {
    worker->launch();
  }
  for (auto& front : fronts_) {
    if (front->is_own()) {
      front->launch();
    }
  }
  fronts_[0]->open();
}

void Engine::front_done() {
  done_.wake();
}

void Engine::on_front_done() {
  for (auto& front : fronts_) {
    if (!front->is_done()) {
      return;
    }
  }
  loop_.stop();
}

void Engine::stop() {
  if (is_stopping_) {
    return;
  }
  is_stopping_ = true;
  for (auto& front : fronts_) {
    front->ask_stop();
  }
  deadline_.on_time<&Engine::abandon>(loop_, this, plan_.settings.stop_timeout.ns);
}

void Engine::abandon() {
  is_abandoned_ = true;
  loop_.stop();
}

void Engine::reopen() {
  for (auto& front : fronts_) {
    front->ask_reopen();
  }
  for (auto& carrier : carriers_) {
    carrier->ask_reopen();
  }
}

void Engine::end_threads(bool abandon) {
  has_ended_ = true;
  for (auto& front : fronts_) {
    front->join();
  }
  for (auto& worker : workers_) {
    worker->ask_end();
  }
  for (auto& worker : workers_) {
    worker->join();
  }
  for (auto& carrier : carriers_) {
    carrier->ask_end(abandon);
  }
  for (auto& carrier : carriers_) {
    carrier->join();
  }
}

bool Engine::finish() {
  deadline_.stop();
  health_.stop();
  end_threads(is_abandoned_);
  for (auto& front : fronts_) {
    front->close_sources();
  }
  is_all_home_ = is_all_home();
  return !is_abandoned_ && report().rows_in_flight() == 0;
}

bool Engine::is_all_home() {
  for (auto& route : routes_) {
    if (!route->feed->is_at_rest()) {
      return false;
    }
  }
  for (auto& worker : workers_) {
    if (!worker->is_full()) {
      return false;
    }
  }
  return true;
}

}  // namespace stook
