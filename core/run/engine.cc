// SPDX-License-Identifier: Apache-2.0
#include "core/run/engine.hh"

#include <algorithm>
#include <utility>

#include "core/base/clock.hh"
#include "core/run/reload.hh"
#include "core/run/runner.hh"

namespace stook {

namespace {
/// How long a stop waits for a sink to return from its last call, beyond stop_timeout.
constexpr int64_t stuck_after = 3'000'000'000;
}  // namespace

Engine::Engine(const Plan& plan, Loop& loop)
    : Engine(std::shared_ptr<const Plan>(std::shared_ptr<const Plan>(), &plan), loop) {}

Engine::Engine(std::shared_ptr<const Plan> plan, Loop& loop)
    : plan_(std::move(plan)), loop_(loop), reload_(std::make_unique<Reload>(*this)) {
  room::enter(room::front);
  build();
}

Engine::~Engine() {
  room::enter(room::front);
  if (!has_ended_) {
    end_threads(true);
  }
}

Carrier* Engine::heir_of(const Carrier& former) const {
  const std::string& folder = former.instance.spool.folder;
  auto heir = std::find_if(carriers_.begin(), carriers_.end(),
                           [&](auto& carrier) { return carrier->instance.spool.folder == folder; });
  return folder.empty() || heir == carriers_.end() ? nullptr : heir->get();
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
  if (std::all_of(fronts_.begin(), fronts_.end(), [](auto& front) { return front->is_done(); })) {
    loop_.stop();
  }
}

void Engine::stop() {
  if (is_stopping_) {
    return;
  }
  is_stopping_ = true;
  deadline_.on_time<&Engine::abandon>(loop_, this, plan_->settings.stop_timeout.ns);
  if (reload_->is_running()) {
    reload_->cancel();  // and stops when that is done
    return;
  }
  ask_stop();
}

void Engine::ask_stop() {
  for (auto& front : fronts_) {
    front->ask_stop();
  }
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
  reload_->give_up();
  for (auto& front : fronts_) {
    front->join();
  }
  for (auto* workers : {&workers_, &former_workers_}) {
    for (auto& worker : *workers) {
      worker->ask_end();
    }
    for (auto& worker : *workers) {
      worker->join();
    }
  }
  for (auto* carriers : {&carriers_, &former_carriers_}) {
    for (auto& carrier : *carriers) {
      carrier->ask_end(abandon, abandon || is_stopping_);
    }
  }
  join_carriers(abandon || is_stopping_ ? monotonic_ns() + stuck_after : -1);
}

// A sink may be in a call that does not return, and a thread cannot be ended from outside: then it is left as it is.
void Engine::join_carriers(int64_t deadline) {
  for (auto* carriers : {&carriers_, &former_carriers_}) {
    for (auto& carrier : *carriers) {
      notice_.bell.hush();
      while (deadline >= 0 && !carrier->has_ended() && monotonic_ns() < deadline) {
        notice_.bell.wait_until(deadline);
        notice_.bell.hush();
      }
      if (deadline < 0 || carrier->has_ended()) {
        carrier->join();
        continue;
      }
      has_stuck_thread_ = true;
      log_event(Level::Error, "sink_stuck",
                Fields()("instance", carrier->instance.id)("reason", "its last call has not returned"));
    }
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
    room::enter(room::worker);
    bool is_full = std::all_of(route->outboxes.begin(), route->outboxes.end(),
                               [](auto& outbox) ROOM(worker) { return outbox->is_full(); });
    room::enter(room::front);
    if (!is_full) {
      return false;
    }
  }
  return true;
}

bool Engine::is_used(const Front& front) const {
  return &front == fronts_.front().get() ||
         std::any_of(routes_.begin(), routes_.end(), [&](auto& route) { return &route->front == &front; });
}

// What has ended is destroyed once no call is out any more, for then no thread refers to it.
void Engine::reap() {
  bool is_home = true;
  for (auto* carriers : {&carriers_, &former_carriers_}) {
    for (auto& carrier : *carriers) {
      is_home = carrier->calls().is_home() && is_home;
    }
  }
  if (!is_home) {
    return;
  }
  for (auto& front : fronts_) {
    if (!is_used(*front)) {
      front->join();  // its loop is still; watchers on it may be destroyed
    }
  }
  former_routes_.clear();
  std::erase_if(fronts_, [&](auto& front) { return !is_used(*front); });
  for (auto& worker : former_workers_) {
    worker->ask_end();
    worker->join();
  }
  former_workers_.clear();
  for (auto& carrier : former_carriers_) {
    carrier->ask_end(false, true);
  }
  std::erase_if(former_carriers_, [&](auto& carrier) ROOM(front) {
    const Carrier* heir = heir_of(*carrier);
    if (!carrier->has_ended() || (heir != nullptr && heir->spooled()->spool() == nullptr)) {
      return false;
    }
    carrier->join();
    for (ReportLine& line : sink_lines(*carrier)) {
      if (heir != nullptr) {
        line.appended -= line.spooled;  // what it left is what its heir found
        line.spooled = 0;
      }
      merge_line(former_, line);
    }
    return true;
  });
}

}  // namespace stook
