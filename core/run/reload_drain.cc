// SPDX-License-Identifier: Apache-2.0
/// How a reload brings the routes that change to rest.
#include <algorithm>

#include "core/base/text.hh"
#include "core/run/engine.hh"
#include "core/run/reload.hh"
#include "core/run/runner.hh"

namespace stook {

namespace {
/// How long a route may still take to come to rest once its blocked sinks drop what they hold.
constexpr int64_t drop_time = 2'000'000'000;
/// How long sources may read what has come to addresses that are left; they stop to read after half of it.
constexpr int64_t leave_time = 2'000'000'000;
}  // namespace

void Reload::leave() {
  std::vector<const Listening*> next;
  for (const Change& change : changes_) {
    if (change.starts_source()) {
      const Instance& source = *change.run->plan.source;
      Needs needs;
      if (source.plugin->needs != nullptr) {
        source.plugin->needs(source.config.get(), needs);
      }
      next.insert(next.end(), needs.listens.begin(), needs.listens.end());
    }
  }
  for (Change& change : changes_) {
    if (change.ends_source()) {
      change.is_left = true;
      RouteFeed* feed = change.old->feed.get();
      on_front(change.old->front, [feed, next]() ROOM(front) { feed->leave(next); });
    }
  }
  post_works();
  deadline_.on_time<&Reload::overdue>(engine_.loop_, this, leave_time);
  stage_ = Stage::Leaving;
}

void Reload::look_at_left() {
  bool have_all = std::all_of(changes_.begin(), changes_.end(), [](const Change& change) {
    return !change.is_left || change.old->feed->has_left.load(std::memory_order_acquire);
  });
  if (have_all) {
    hold();
  }
}

void Reload::hold() {
  hold_ready();
  deadline_.on_time<&Reload::overdue>(engine_.loop_, this, plan_->settings.stop_timeout.ns);
  stage_ = Stage::Draining;
}

bool Reload::stands_still(const Change& change) {
  return change.old != nullptr && Engine::stands_still(*change.old);
}

// What is dropped from here on is not acknowledged: a source with positions is made anew, and reads it again.
void Reload::forget(Change& change) {
  if (change.turn == Turn::Changed && change.old->plan.source->keeps_positions) {
    change.turn = Turn::Restarted;
    change.run->feed = std::make_unique<RouteFeed>(change.run->front, *change.run);
  }
  if (change.ends_source() && change.old->feed->refusals() == nullptr) {
    RouteFeed* feed = change.old->feed.get();
    on_front(change.old->front, [feed]() ROOM(front) { feed->forget(); });
  }
}

// A route in which a filter gave up would never be drained: the rows in it fail. That is done last, for a reload that
// others keep from going on has to leave it as it was.
bool Reload::can_give_way() const {
  bool has_any = false;
  for (const Change& change : changes_) {
    bool is_still = stands_still(change) && !change.gives_way;
    if (!is_drained(change) && change.is_held && !is_still) {
      return false;
    }
    has_any = has_any || (is_still && !is_drained(change));
  }
  return has_any;
}

void Reload::give_way() {
  for (Change& change : changes_) {
    for (size_t i = 0; change.gives_way && i < change.old->runners.size(); i++) {
      if (Runner* runner = change.old->runners[i].get()) {
        engine_.workers_[i]->call({[runner]() ROOM(worker) { runner->give_way(); }});
        awaited_.push_back(&engine_.workers_[i]->calls());
      }
    }
  }
  stage_ = Stage::Draining;
}

// Whether a stack for refused rows may still get some from a route that is not drained.
bool Reload::is_filled(const Change& change) const {
  const Refusals* refusals = change.old->feed->refusals();
  return refusals != nullptr && std::any_of(changes_.begin(), changes_.end(), [&](const Change& one) {
           return !is_drained(one) &&
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

bool Reload::is_drained(const Change& change) {
  return change.old == nullptr || change.old->feed->is_drained.load(std::memory_order_acquire);
}

void Reload::look_at_drained() {
  hold_ready();
  if (std::all_of(changes_.begin(), changes_.end(), is_drained)) {
    deadline_.stop();
    attach();
    return;
  }
  if (!can_give_way()) {
    return;
  }
  for (Change& change : changes_) {
    if (stands_still(change) && !is_drained(change) && !change.gives_way) {
      change.gives_way = true;
      forget(change);
    }
  }
  post_works();
  stage_ = Stage::GivingWay;
}

// A sink that goes away drops what it does not take. One that stays would tear what it has begun, and other routes may
// use it: then this is not the time for a reload.
void Reload::overdue() {
  if (stage_ == Stage::GivingWay) {
    deadline_.on_time<&Reload::overdue>(engine_.loop_, this, drop_time);
    return;
  }
  if (stage_ == Stage::Leaving) {
    hold();
    return;
  }
  if (stage_ != Stage::Draining) {
    return;
  }
  std::string why = "rows on their way were not delivered within " + show_duration(plan_->settings.stop_timeout.ns);
  bool has_blocked = false;
  for (Change& change : changes_) {
    if (is_drained(change)) {
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
    if (is_drained(change)) {
      continue;
    }
    forget(change);
  }
  post_works();
  stage_ = Stage::Forgetting;
  step();
}

void Reload::drop_blocked() {
  for (Change& change : changes_) {
    if (is_drained(change)) {
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

}  // namespace stook
