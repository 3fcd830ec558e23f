// SPDX-License-Identifier: Apache-2.0
#include "core/run/engine.hh"

#include <algorithm>
#include <utility>

#include "core/api/own_meters.hh"
#include "core/base/clock.hh"
#include "core/lua/library/kept_values.hh"
#include "core/run/reload.hh"
#include "core/run/runner.hh"
#include "core/run/taps.hh"

namespace stook {

namespace {
std::vector<OwnMeter> meters_of(const Report& report) {
  std::vector<OwnMeter> meters;
  for (const ReportLine& line : report.lines) {
    meters.push_back({line.id, line.kind, line.plugin, line.in, line.out, line.disposed, line.dropped_rows(),
                      line.lettered, line.spooled, line.in_flight, line.bytes, line.retries, line.remarks});
  }
  return meters;
}
}  // namespace

Engine::Engine(const Plan& plan, Loop& loop)
    : Engine(std::shared_ptr<const Plan>(std::shared_ptr<const Plan>(), &plan), loop) {}

Engine::Engine(std::shared_ptr<const Plan> plan, Loop& loop)
    : plan_(std::move(plan)),
      loop_(loop),
      reload_(std::make_unique<Reload>(*this)),
      taps_(std::make_unique<Taps>(*this, loop)) {
  room::enter(room::front);
  keep_values_in(plan_->settings.state_dir);
  build();
}

Engine::~Engine() {
  room::enter(room::front);
  withdraw_own_meters(this);
  if (!has_ended_) {
    end_threads(true);
  }
  save_kept_values();
}

Carrier* Engine::carrier_of(const Instance& sink) const {
  auto found =
      std::find_if(carriers_.begin(), carriers_.end(), [&](auto& carrier) { return &carrier->instance == &sink; });
  return found == carriers_.end() ? nullptr : found->get();
}

void Engine::build() {
  notice_.watcher.on_wake<&Engine::on_notice>(loop_, this);
  fronts_.push_back(std::make_unique<Front>(front_number_++, loop_, notice_));
  for (size_t i = 0; i < plan_->settings.threads; i++) {
    workers_.push_back(std::make_unique<Worker>(i, notice_));
  }
  for (auto& route : plan_->routes) {
    for (const Instance* sink : route->sinks) {
      if (carrier_of(*sink) == nullptr) {
        carriers_.push_back(std::make_unique<Carrier>(plan_->share(*sink), notice_));
        carriers_.back()->watch_by(health_.vigil);
        route_refused(*carriers_.back());
      }
    }
  }
  for (auto& route : plan_->routes) {
    if (route->source->has_own_front) {
      fronts_.push_back(std::make_unique<Front>(front_number_++, notice_));
    }
    Front& front = route->source->has_own_front ? *fronts_.back() : *fronts_.front();
    routes_.push_back(build_route(plan_, *route, front, workers_, {}));
    routes_.back()->feed = std::make_unique<RouteFeed>(front, *routes_.back());
    take_refusals(*routes_.back(), {});
  }
}

void Engine::route_refused(Carrier& carrier) {
  if (carrier.instance.hands_on_refused) {
    carrier.route_refused(std::make_shared<Refusals>(carrier.instance.id, *fronts_.front()));
  }
}

void Engine::take_refusals(RouteRun& route, const std::vector<std::unique_ptr<Carrier>>& more) const {
  const std::string& sink = route.plan.source->refusals_of;
  for (auto* carriers : {&carriers_, &more}) {
    for (auto& carrier : *carriers) {
      if (!sink.empty() && carrier->instance.id == sink && carrier->refusals()) {
        route.feed->take_refusals(carrier->refusals());
      }
    }
  }
}

// `more`: carriers that are not the engine's yet.
std::unique_ptr<RouteRun> Engine::build_route(const std::shared_ptr<const Plan>& plan, const Route& route, Front& front,
                                              const std::vector<std::unique_ptr<Worker>>& workers,
                                              const std::vector<std::unique_ptr<Carrier>>& more) {
  std::vector<Carrier*> carriers;
  for (const Instance* sink : route.sinks) {
    Carrier* carrier = carrier_of(*sink);
    for (auto& one : more) {
      carrier = &one->instance == sink ? one.get() : carrier;
    }
    carriers.push_back(carrier);
  }
  return std::make_unique<RouteRun>(plan, route, front, std::move(carriers), workers, lane_number_);
}

// Waits for the calls of one thread, and throws what they threw.
void Engine::await(Calls& calls) {
  for (;;) {
    notice_.bell.hush();
    if (calls.is_home()) {
      break;
    }
    notice_.bell.wait();
  }
  if (std::exception_ptr failure = calls.take_failure()) {
    std::rethrow_exception(failure);
  }
}

void Engine::start() {
  started_at_ = monotonic_ns();
  offer_own_meters(this, [this] { return meters_of(report()); });
  health_.start(loop_, plan_->settings.stall_after.ns);
  for (auto& carrier : carriers_) {
    Carrier* one = carrier.get();
    one->call({[this, one]() ROOM(carrier) {
      one->open();
      for (auto& route : routes_) {
        one->add_route(*route);
      }
    }});
    one->launch();
  }
  for (auto& carrier : carriers_) {
    await(carrier->calls());
  }
  for (auto& worker : workers_) {
    Worker* one = worker.get();
    one->call({[this, one]() ROOM(worker) {
      for (auto& route : routes_) {
        one->make_replicas(*route);
        one->add_route(*route);
      }
    }});
    one->launch();
  }
  for (auto& worker : workers_) {
    await(worker->calls());
  }
  // Own fronts first: once the main front reads, nothing waits any more.
  for (auto front = fronts_.rbegin(); front != fronts_.rend(); ++front) {
    start_front(**front);
  }
}

void Engine::start_front(Front& front) {
  front.vigil = &health_.vigil;
  front.launch();
  front.call({[this, &front]() ROOM(front) {
    for (auto& route : routes_) {
      if (&route->front == &front) {
        front.add_feed(*route->feed);
        route->feed->start();
      }
    }
  }});
  if (!front.is_own()) {
    front.calls().run();
  }
  await(front.calls());
}

void Engine::on_notice() {
  if (reload_->is_running()) {
    reload_->step();
  }
  if (reload_->is_running()) {
    return;
  }
  reap();
  end_refusals();
  if (on_standstill_ && !is_stopping_ && stands_still()) {
    on_standstill_();
  }
  if (is_done()) {
    loop_.stop();
  }
}

}  // namespace stook
