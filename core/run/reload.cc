// SPDX-License-Identifier: Apache-2.0
#include "core/run/reload.hh"

#include <algorithm>
#include <utility>

#include "core/run/engine.hh"
#include "core/run/runner.hh"

namespace stook {

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
  comparison_ = adopt(*plan, *engine_.plan_, engine_.suspended_filters());
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
        failure.empty() ? leave() : undo(failure);
        break;
      case Stage::Leaving:
        look_at_left();
        break;
      case Stage::GivingWay:
        give_way();
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
        release_held();
        break;
      case Stage::Releasing:
        failure_ += failure.empty() ? "" : "; and after that: " + failure;
        finish();
        break;
    }
  }
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
    for (size_t i = 0; change.gives_way && i < change.old->runners.size(); i++) {
      if (Runner* runner = change.old->runners[i].get()) {
        engine_.workers_[i]->call({[runner]() ROOM(worker) { runner->stand_again(); }});
        awaited_.push_back(&engine_.workers_[i]->calls());
      }
    }
  }
  for (auto& worker : workers()) {
    swap_routes(*worker, {}, routes_in());
  }
  drop_fresh();
  stage_ = Stage::Undoing;
}

// After the workers have heard of it: in a route that stands still again no new row fails.
void Reload::release_held() {
  for (Change& change : changes_) {
    if (change.old != nullptr && (change.is_left || change.is_held || is_going_back_)) {
      RouteFeed* feed = change.old->feed.get();
      on_front(change.old->front, [feed]() ROOM(front) { feed->release(); });
    }
  }
  post_works();
  stage_ = Stage::Releasing;
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
  if (stage_ == Stage::Building || stage_ == Stage::Leaving || stage_ == Stage::GivingWay ||
      stage_ == Stage::Draining || stage_ == Stage::Forgetting) {
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
