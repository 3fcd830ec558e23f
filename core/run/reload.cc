// SPDX-License-Identifier: Apache-2.0
#include "core/run/reload.hh"

#include <algorithm>
#include <utility>

#include "core/base/text.hh"
#include "core/run/engine.hh"
#include "core/run/runner.hh"

namespace stook {

namespace {
/// How long a route may still take to come to rest once its blocked sinks drop what they hold.
constexpr int64_t drop_time = 2'000'000'000;
}  // namespace

Reload::~Reload() = default;

void Reload::begin(std::shared_ptr<Plan> plan, Done done) {
  done_ = std::move(done);
  failure_.clear();
  is_going_back_ = false;
  changes_most_ = 0;
  for (auto& carrier : engine_.carriers_) {
    if (!carrier->calls().has_room()) {
      done_("sink '" + carrier->instance.id + "' does not come back from a delivery");
      return;
    }
  }
  comparison_ = adopt(*plan, *engine_.plan_);
  previous_ = engine_.plan_;
  prepare(std::move(plan));
  step();
}

// Every call that this stage waits for has been run.
bool Reload::are_home() {
  bool all = true;
  for (Calls* calls : awaited_) {
    all = calls->is_home() && all;
  }
  return all;
}

std::string Reload::take_failure() {
  std::string what;
  for (Calls* calls : std::exchange(awaited_, {})) {
    std::exception_ptr failure = calls->take_failure();
    if (!failure || !what.empty()) {
      continue;
    }
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      what = error.what();
    } catch (...) {
      what = "unknown";
    }
  }
  return what;
}

void Reload::step() {
  for (Stage before = Stage::Idle; before != stage_ && are_home();) {
    before = stage_;
    std::string failure = stage_ == Stage::Idle ? "" : take_failure();
    switch (stage_) {
      case Stage::Idle:
        return;
      case Stage::Building:
        failure.empty() ? hold() : undo(failure);
        break;
      case Stage::Draining:
        look_at_drained();
        break;
      case Stage::Forgetting:
        drop_blocked();
        break;
      case Stage::Attaching:
        close_old();
        break;
      case Stage::Closing:
        start_new();
        break;
      case Stage::Starting:
        failure_ = failure_.empty() ? failure : failure_;
        move_feeds();
        break;
      case Stage::Moving:
        after_moving();
        break;
      case Stage::Reworking:
        after_reworking();
        break;
      case Stage::Undoing:
        finish();
        break;
    }
  }
}

void Reload::hold() {
  hold_ready();
  deadline_.on_time<&Reload::overdue>(engine_.loop_, this, plan_->settings.stop_timeout.ns);
  stage_ = Stage::Draining;
}

// Whether a stack for refused rows may still get some from a route that is not drained.
bool Reload::is_filled(const Change& change) const {
  const Refusals* refusals = change.old->feed->refusals();
  return refusals != nullptr && std::any_of(changes_.begin(), changes_.end(), [&](const Change& one) {
           return one.old != nullptr && !one.old->feed->is_drained.load(std::memory_order_acquire) &&
                  std::any_of(one.old->carriers.begin(), one.old->carriers.end(),
                              [&](Carrier* carrier) { return carrier->refusals().get() == refusals; });
         });
}

void Reload::hold_ready() {
  for (Change& change : changes_) {
    if (change.old != nullptr && !change.is_held && !is_filled(change)) {
      change.is_held = true;
      RouteFeed* feed = change.old->feed.get();
      on_front(change.old->front, [feed]() ROOM(front) { feed->hold(); });
    }
  }
  post_works();
}

void Reload::look_at_drained() {
  hold_ready();
  bool all = std::all_of(changes_.begin(), changes_.end(), [](const Change& change) {
    return change.old == nullptr || change.old->feed->is_drained.load(std::memory_order_acquire);
  });
  if (all) {
    deadline_.stop();
    attach();
  }
}

// A sink that goes away drops what it does not take. One that stays would tear what it has begun, and other routes may
// use it: then this is not the time for a reload.
void Reload::overdue() {
  if (stage_ != Stage::Draining) {
    return;
  }
  std::string why = "rows on their way were not delivered within " + show_duration(plan_->settings.stop_timeout.ns);
  bool has_blocked = false;
  for (Change& change : changes_) {
    if (change.old == nullptr || change.old->feed->is_drained.load(std::memory_order_acquire)) {
      continue;
    }
    bool can_drop = false;
    for (Carrier* carrier : change.old->carriers) {
      bool stays = is_wanted(carrier->instance);
      if (stays && carrier->meter.is_failing.read() != 0) {
        undo("sink '" + carrier->instance.id + "' takes nothing: " + why);
        return;
      }
      can_drop = can_drop || !stays;
    }
    has_blocked = has_blocked || can_drop;
  }
  if (is_overdue_ || !has_blocked) {
    undo(why);
    return;
  }
  is_overdue_ = true;
  for (Change& change : changes_) {
    if (change.old == nullptr || change.old->feed->is_drained.load(std::memory_order_acquire)) {
      continue;
    }
    // A source with positions is made anew, and reads again what was dropped.
    if (change.turn == Turn::Changed && change.old->plan.source->keeps_positions) {
      change.turn = Turn::Restarted;
      change.run->feed = std::make_unique<RouteFeed>(change.run->front, *change.run);
    }
    if (change.ends_source() && change.old->feed->refusals() == nullptr) {
      RouteFeed* feed = change.old->feed.get();
      on_front(change.old->front, [feed]() ROOM(front) { feed->forget(); });
    }
  }
  post_works();
  stage_ = Stage::Forgetting;
  step();
}

void Reload::drop_blocked() {
  for (Change& change : changes_) {
    if (change.old == nullptr || change.old->feed->is_drained.load(std::memory_order_acquire)) {
      continue;
    }
    for (Carrier* carrier : change.old->carriers) {
      if (!is_wanted(carrier->instance)) {
        carrier->ask_drop();
      }
    }
  }
  deadline_.on_time<&Reload::overdue>(engine_.loop_, this, drop_time);
  stage_ = Stage::Draining;
}

void Reload::after_moving() {
  commit();
  if (!failure_.empty() && !is_going_back_ && !engine_.is_stopping_) {
    is_going_back_ = true;
    prepare(previous_);
    return;
  }
  auto going = std::stable_partition(engine_.carriers_.begin(), engine_.carriers_.end(),
                                     [&](auto& carrier) { return is_wanted(carrier->instance); });
  std::move(going, engine_.carriers_.end(), std::back_inserter(engine_.former_carriers_));
  engine_.carriers_.erase(going, engine_.carriers_.end());
  if (failure_.empty()) {
    rework();
  } else {
    finish();
  }
}

// From here on the instances that run are what their fresh ones are.
void Reload::after_reworking() {
  for (const Comparison::Reworked& one : comparison_.reworked) {
    one.running->config = one.fresh->config;  // a filter that is still to leave holds its own
    one.running->wiring.content = one.fresh->wiring.content;
    one.running->place = one.fresh->place;
  }
  tick_now();
  finish();
}

void Reload::undo(const std::string& why) {
  failure_ = failure_.empty() ? why : failure_ + "; and on the way back: " + why;
  deadline_.stop();
  for (Change& change : changes_) {
    if (change.old != nullptr && (change.is_held || is_going_back_)) {
      RouteFeed* feed = change.old->feed.get();
      on_front(change.old->front, [feed]() ROOM(front) { feed->release(); });
    }
  }
  post_works();
  for (auto& worker : workers()) {
    swap_routes(*worker, {}, routes_in());
  }
  drop_fresh();
  stage_ = Stage::Undoing;
}

void Reload::finish() {
  give_up();
  stage_ = Stage::Idle;
  plan_.reset();
  previous_.reset();
  engine_.reap();
  if (engine_.is_stopping_) {
    engine_.ask_stop();
  }
  if (Done done = std::exchange(done_, nullptr)) {
    done(failure_);
  }
}

void Reload::cancel() {
  if (stage_ == Stage::Building || stage_ == Stage::Draining || stage_ == Stage::Forgetting) {
    undo("stopping");
    step();
  }
}

void Reload::give_up() {
  if (stage_ == Stage::Moving && !changes_.empty()) {
    commit();
  }
  for (Change& change : changes_) {
    if (change.next) {
      engine_.former_routes_.push_back(std::move(change.next));
    }
  }
  changes_.clear();
  std::move(new_fronts_.begin(), new_fronts_.end(), std::back_inserter(engine_.fronts_));
  std::move(new_workers_.begin(), new_workers_.end(), std::back_inserter(engine_.former_workers_));
  std::move(new_carriers_.begin(), new_carriers_.end(), std::back_inserter(engine_.former_carriers_));
  new_fronts_.clear();
  new_workers_.clear();
  new_carriers_.clear();
}

}  // namespace stook
