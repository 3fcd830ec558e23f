// SPDX-License-Identifier: Apache-2.0
/// Floor 4. How an engine ends, and what ends in it after a reload.
#include <algorithm>
#include <utility>

#include "core/base/clock.hh"
#include "core/base/log.hh"
#include "core/run/engine.hh"
#include "core/run/reload.hh"
#include "core/run/runner.hh"

namespace stook {

namespace {
/// How long a stop waits for a sink to return from its last call, beyond stop_timeout.
constexpr int64_t stuck_after = 3'000'000'000;
/// How long a stop waits when rows wait for a filter that gave up: what other stacks have on its way goes out meanwhile.
constexpr int64_t standstill_wait = 1'000'000'000;
/// How much more a stop waits for sources that still read what is there, which they do for a second.
constexpr int64_t reading_wait = 1'000'000'000;
}  // namespace

void Engine::stop() {
  if (is_stopping_) {
    return;
  }
  is_stopping_ = true;
  int64_t patience = plan_->settings.stop_timeout.ns;
  deadline_.on_time<&Engine::abandon>(loop_, this, stands_still() ? std::min(patience, standstill_wait) : patience);
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

// The last positions may have been written while the time ran out.
void Engine::abandon() {
  bool is_reading =
      std::any_of(routes_.begin(), routes_.end(), [](auto& route) { return route->feed->meter.ending.read() != 0; });
  if (is_reading && !std::exchange(has_waited_for_sources_, true)) {
    deadline_.on_time<&Engine::abandon>(loop_, this, reading_wait);
    return;
  }
  if (!is_done() && !std::exchange(is_abandoned_, true)) {
    tell_what_is_out();
  }
  loop_.stop();
}

bool Engine::is_done() const {
  return std::all_of(fronts_.begin(), fronts_.end(), [](auto& front) { return front->is_done(); });
}

// Each front tells it of its own sources; one that has not returned from a callback tells nothing.
void Engine::tell_what_is_out() {
  for (auto& front : fronts_) {
    if (!front->calls().has_room()) {
      continue;
    }
    Calls::Works works;
    for (auto& route : routes_) {
      if (&route->front == front.get()) {
        works.emplace_back([feed = route->feed.get()]() ROOM(front) { feed->tell_what_is_out(); });
      }
    }
    front->call(std::move(works));
    if (!front->is_own()) {
      front->calls().run();
    }
  }
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
  say_left_spools();
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

void Engine::end_refusals() {
  for (auto& route : routes_) {
    const Refusals* refusals = route->feed->refusals();
    bool is_over = refusals != nullptr;
    for (size_t i = 0; is_over && i < routes_.size(); i++) {
      bool is_ahead = std::any_of(routes_[i]->carriers.begin(), routes_[i]->carriers.end(),
                                  [&](Carrier* carrier) { return carrier->refusals().get() == refusals; });
      Front& front = routes_[i]->front;
      is_over = !is_ahead || (front.is_own() ? front.is_done() : routes_[i]->feed->is_closed());
    }
    if (is_over) {
      route->feed->end_soon();
    }
  }
}

bool Engine::is_used(const Front& front) const {
  return &front == fronts_.front().get() ||
         std::any_of(routes_.begin(), routes_.end(), [&](auto& route) { return &route->front == &front; });
}

// What has ended is destroyed once no call is out any more, for then no thread refers to it.
void Engine::reap() {
  end_former_carriers();  // at once, as others may wait for their spools
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
  std::erase_if(former_carriers_, [&](auto& carrier) ROOM(front) {
    const Carrier* heir = heir_of(*carrier);
    if (!carrier->has_ended() || (heir != nullptr && !has_opened(*heir, carrier->spooled()->settings().folder))) {
      return false;
    }
    carrier->join();
    std::vector<ReportLine> lines = sink_lines(*carrier, false);
    pass_on_rows(*carrier, lines);
    for (const ReportLine& line : lines) {
      merge_line(former_, line);
    }
    return true;
  });
  count_found_again();
}

}  // namespace stook
