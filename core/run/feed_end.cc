// SPDX-License-Identifier: Apache-2.0
/// Floor 4. How the feed of a route comes to rest: at the end of its source, at a stop, and for a reload.
#include <algorithm>
#include <utility>

#include "core/base/log.hh"
#include "core/run/carrier.hh"
#include "core/run/feed.hh"
#include "core/run/front.hh"
#include "core/run/route_run.hh"

namespace stook {

void RouteFeed::finish() {
  seal();
  announce();
  if (std::exchange(is_leaving_, false)) {
    has_left.store(true, std::memory_order_release);
    front_.tell_main();
    return;
  }
  is_finished_ = true;
  meter.ending.set(0);
  meter.finished.set(1);
  front_.wake();
}

bool RouteFeed::is_ending(bool is_stop_asked) {
  if (refusals_) {
    return refusals_->is_last() && (is_stop_asked || refusals_->is_dry());
  }
  return is_finished_ || (is_stop_asked && !end_source());
}

bool RouteFeed::end_source() {
  is_ending_ = is_ending_ || (source_ && !is_stopped_ && source_->end());
  bool is_reading = is_ending_ && !is_finished_;
  meter.ending.set(is_reading ? 1 : 0);
  return is_reading;
}

void RouteFeed::stop_source() {
  if (is_stopped_) {
    return;
  }
  if (source_) {
    source_->stop();
  }
  tick_timer_.stop();
  seal();
  announce();
  is_stopped_ = true;
  put_back_open();
}

void RouteFeed::put_back_open() {
  for (Bundle*& open : open_) {
    if (open != nullptr) {
      open->reset();
      pool_.put(std::exchange(open, nullptr));
    }
  }
}

void RouteFeed::close() {
  stop_source();
  if (!is_closed_ && source_) {
    source_->close();
  }
  is_closed_ = true;
}

void RouteFeed::leave(std::span<const Listening* const> next) {
  is_leaving_ = source_ && !is_stopped_ && !is_finished_ && source_->leave(next);
  has_left.store(!is_leaving_, std::memory_order_release);
}

void RouteFeed::hold() {
  is_leaving_ = false;
  is_held_ = true;
  front_.sate();
  tick_timer_.stop();
  seal();
  announce();
  put_back_open();
}

void RouteFeed::move_to(RouteRun& route) {
  route_ = &route;
  fill_pools();
}

void RouteFeed::read_again() {
  source_->stop();
  source_->close();
  source_.reset();
  is_paused_ = is_finished_ = false;
  meter.paused_since.set(0);
  ledger_.drop_marks();
  marks_.assign(marks_.size(), {});
  start();
}

void RouteFeed::release() {
  is_held_ = false;
  bool was_to_leave = has_left.exchange(false, std::memory_order_acq_rel) || std::exchange(is_leaving_, false);
  if (was_to_leave && source_ && !is_stopped_) {
    source_->stay();
  }
  ledger_.source = source_.get();
  if (std::exchange(has_forgotten_, false) && route_->plan.source->keeps_positions && source_ && !is_stopped_) {
    read_again();
  }
  is_drained.store(false, std::memory_order_release);
  if (!is_stopped_) {
    has_sent_last_ticks_ = false;
    has_flushed_ = false;
    start_ticks();
  }
  collect();
}

void RouteFeed::send_last_ticks() {
  if (!std::exchange(has_sent_last_ticks_, true) && ticks_.size() > 0) {
    send_ticks(true);
  }
}

void RouteFeed::flush_sinks() {
  if (!std::exchange(has_flushed_, true)) {
    flush_sinks_now();
  }
}

void RouteFeed::flush_sinks_now() {
  for (auto& outbox : route_->outboxes) {
    outbox->carrier.ask_flush();
  }
}

void RouteFeed::tell_what_is_out() const {
  if (is_closed_) {
    return;
  }
  size_t open = open_.size() - static_cast<size_t>(std::count(open_.begin(), open_.end(), nullptr));
  log_event(
      Level::Warning, "not_home",
      Fields()("source", id())("reads", is_stopped_ ? "no" : "yes")("bundles", pool_.size() - pool_.home() - open)(
          "ticks", ticks_.size() - ticks_.home())("unsettled", ledger_.out())("rows", ledger_.rows_out()));
}

bool RouteFeed::is_at_rest() const {
  return ledger_.is_settled() && ledger_.is_full() && pool_.is_full() && ticks_.is_full();
}

}  // namespace stook
