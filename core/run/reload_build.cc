// SPDX-License-Identifier: Apache-2.0
/// What a reload builds beside what runs, and how it becomes what runs.
#include <algorithm>
#include <utility>

#include "core/run/engine.hh"
#include "core/run/reload.hh"
#include "core/run/runner.hh"
#include "core/run/taps.hh"

namespace stook {

bool Reload::is_wanted(const Instance& sink) const {
  return std::any_of(plan_->routes.begin(), plan_->routes.end(), [&](auto& route) {
    return std::find(route->sinks.begin(), route->sinks.end(), &sink) != route->sinks.end();
  });
}

std::vector<std::unique_ptr<Worker>>& Reload::workers() {
  return new_workers_.empty() ? engine_.workers_ : new_workers_;
}

void Reload::prepare(std::shared_ptr<const Plan> plan) {
  plan_ = std::move(plan);
  is_overdue_ = false;
  awaited_.clear();
  const Settings& settings = plan_->settings;
  const Settings& former = engine_.plan_->settings;
  bool has_other_workers = settings.threads != engine_.workers_.size();
  compare_routes(has_other_workers || settings.slots != former.slots);
  for (size_t i = 0; has_other_workers && i < settings.threads; i++) {
    new_workers_.push_back(std::make_unique<Worker>(i, engine_.notice_));
    new_workers_.back()->launch();
  }
  build_carriers();
  build_routes();
  post_replicas();
  is_going_back_ ? drop_fresh() : post_fresh();
  stage_ = Stage::Building;
}

void Reload::compare_routes(bool keeps_none) {
  routes_kept_ = 0;
  for (auto& route : plan_->routes) {
    auto old = std::find_if(engine_.routes_.begin(), engine_.routes_.end(),
                            [&](auto& one) { return one->plan.source->id == route->source->id; });
    if (old == engine_.routes_.end()) {
      changes_.push_back({Turn::Added, nullptr, nullptr, nullptr});
    } else if (keeps_none || !is_same((*old)->plan, *route)) {
      bool is_source_same = (*old)->plan.source == route->source;
      changes_.push_back({is_source_same ? Turn::Changed : Turn::Restarted, old->get(), nullptr, nullptr});
    } else {
      routes_kept_++;
    }
  }
  for (auto& old : engine_.routes_) {
    if (std::none_of(plan_->routes.begin(), plan_->routes.end(),
                     [&](auto& route) { return route->source->id == old->plan.source->id; })) {
      changes_.push_back({Turn::Removed, old.get(), nullptr, nullptr});
    }
  }
  changes_most_ = std::max(changes_most_, changes_.size());
}

void Reload::build_carriers() {
  for (auto& route : plan_->routes) {
    for (const Instance* sink : route->sinks) {
      bool is_new = engine_.carrier_of(*sink) == nullptr &&
                    std::none_of(new_carriers_.begin(), new_carriers_.end(),
                                 [&](auto& carrier) { return &carrier->instance == sink; });
      if (!is_new) {
        continue;
      }
      new_carriers_.push_back(
          std::make_unique<Carrier>(plan_->share(*sink), engine_.notice_, engine_.spools_to_leave(*sink, *plan_)));
      Carrier* carrier = new_carriers_.back().get();
      carrier->watch_by(engine_.health_.vigil);
      engine_.route_refused(*carrier);
      carrier->take_over([&](const std::string& folder) { return engine_.is_spool_in_use(folder); });
      carrier->call({[carrier]() ROOM(carrier) { carrier->open(); }});
      carrier->launch();
      awaited_.push_back(&carrier->calls());
    }
  }
}

// Routes of the plan stand before those removed, in the order in which compare_routes found them.
void Reload::build_routes() {
  size_t at = 0;
  for (auto& route : plan_->routes) {
    bool is_kept = std::any_of(engine_.routes_.begin(), engine_.routes_.end(), [&](auto& one) {
      return one->plan.source->id == route->source->id &&
             std::none_of(changes_.begin(), changes_.end(), [&](Change& change) { return change.old == one.get(); });
    });
    if (is_kept) {
      continue;
    }
    Change& change = changes_[at++];
    Front* front = change.turn == Turn::Changed ? &change.old->front : engine_.fronts_.front().get();
    if (change.turn != Turn::Changed && route->source->has_own_front) {
      new_fronts_.push_back(std::make_unique<Front>(engine_.front_number_++, engine_.notice_));
      front = new_fronts_.back().get();
    }
    change.next = engine_.build_route(plan_, *route, *front, workers(), new_carriers_);
    change.run = change.next.get();
    if (change.starts_source()) {
      change.run->feed = std::make_unique<RouteFeed>(*front, *change.run);
      engine_.take_refusals(*change.run, new_carriers_);
    }
  }
}

void Reload::post_replicas() {
  for (auto& worker : workers()) {
    Worker* one = worker.get();
    one->call({[one, in = routes_in()]() ROOM(worker) {
      for (RouteRun* route : in) {
        one->make_replicas(*route);
      }
    }});
    awaited_.push_back(&one->calls());
  }
}

// Behind post_replicas: filters that the new routes share with none that runs are made by the former script first.
void Reload::post_fresh() {
  for (size_t i = 0; i < workers().size() && !comparison_.reworked.empty(); i++) {
    Worker* one = workers()[i].get();
    one->call({[one, all = comparison_.reworked]() ROOM(worker) {
      for (const Comparison::Reworked& change : all) {
        one->make_fresh(*change.running, *change.fresh);
      }
    }});
    awaited_.push_back(&one->calls());
  }
}

std::vector<RouteRun*> Reload::routes_in() const {
  std::vector<RouteRun*> routes;
  for (const Change& change : changes_) {
    if (change.run != nullptr) {
      routes.push_back(change.run);
    }
  }
  return routes;
}

std::vector<RouteRun*> Reload::routes_out() const {
  std::vector<RouteRun*> routes;
  for (const Change& change : changes_) {
    if (change.old != nullptr) {
      routes.push_back(change.old);
    }
  }
  return routes;
}

// From here on the engine's routes are those of the plan. Counts of what has ended go on in the report.
void Reload::commit() {
  for (Change& change : changes_) {
    if (change.turn == Turn::Changed) {
      change.run->feed = std::move(change.old->feed);
    }
  }
  std::vector<std::unique_ptr<RouteRun>> routes;
  for (auto& plan : plan_->routes) {
    for (Change& change : changes_) {
      if (change.next && &change.next->plan == plan.get()) {
        routes.push_back(std::move(change.next));
      }
    }
    for (auto& old : engine_.routes_) {
      bool is_kept = old && old->plan.source->id == plan->source->id &&
                     std::none_of(changes_.begin(), changes_.end(), [&](Change& c) { return c.old == old.get(); });
      if (is_kept) {
        routes.push_back(std::move(old));
      }
    }
  }
  for (auto& old : engine_.routes_) {
    if (!old) {
      continue;
    }
    for (const ReportLine& line : route_lines(*old, old->feed != nullptr)) {
      merge_line(engine_.former_, line);
    }
    engine_.former_routes_.push_back(std::move(old));
  }
  engine_.routes_ = std::move(routes);
  if (plan_->settings.stall_after.ns != engine_.plan_->settings.stall_after.ns) {
    engine_.health_.stop();
    engine_.health_.start(engine_.loop_, plan_->settings.stall_after.ns);
  }
  engine_.plan_ = plan_;
  if (!new_workers_.empty()) {
    std::move(engine_.workers_.begin(), engine_.workers_.end(), std::back_inserter(engine_.former_workers_));
    engine_.workers_ = std::move(new_workers_);
    new_workers_.clear();
  }
  changes_.clear();
  engine_.taps_->follow();
}

}  // namespace stook
