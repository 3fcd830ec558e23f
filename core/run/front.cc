// SPDX-License-Identifier: Apache-2.0
#include "core/run/front.hh"

#include <pthread.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/run/feed.hh"

namespace stook {

Front::Front(size_t number_, Loop& loop, Notice& notice)
    : number(number_), notice_(notice), calls_(notice), loop_(&loop) {}
Front::Front(size_t number_, Notice& notice)
    : number(number_),
      notice_(notice),
      calls_(notice),
      own_loop_(std::make_unique<Loop>(false)),
      loop_(own_loop_.get()) {}

void Front::launch() {
  wake_.on_wake<&Front::on_wake>(*loop_, this);
  wake();  // a front without sources is done at once
  if (!is_own()) {
    return;
  }
  thread_ = std::thread([this] {
    room::enter(room::front);
    pthread_setname_np(pthread_self(), ("stook-front-" + std::to_string(number)).c_str());
    loop_->run();
  });
}

void Front::join() {
  if (thread_.joinable()) {
    ask_end();
    thread_.join();
  }
}

void Front::add_feed(RouteFeed& feed) {
  feeds_.push_back(&feed);
  has_many_.store(feeds_.size() > 1, std::memory_order_relaxed);
  is_done_.store(false, std::memory_order_release);
  sate();
}

void Front::remove_feed(RouteFeed& feed) {
  std::erase(feeds_, &feed);
  std::erase(to_announce_, &feed);
  has_many_.store(feeds_.size() > 1, std::memory_order_relaxed);
  sate();
}

void Front::collect() {
  credit_.exchange(0, std::memory_order_acq_rel);
  Receipt* receipt = home_.exchange(nullptr, std::memory_order_acquire);
  while (receipt != nullptr) {
    Receipt* next = receipt->next;
    receipt->ledger->settle(receipt);
    receipt = next;
  }
  for (RouteFeed* feed : feeds_) {
    feed->collect();
  }
}

void Front::announce_soon(RouteFeed& feed) {
  has_sent_ = true;
  if (std::find(to_announce_.begin(), to_announce_.end(), &feed) == to_announce_.end()) {
    to_announce_.push_back(&feed);
  }
  if (!turns_.is_active()) {
    turns_.on_idle<&Front::on_turn>(*loop_, this);
  }
}

void Front::announce() {
  for (RouteFeed* feed : to_announce_) {
    feed->announce();
  }
  to_announce_.clear();
}

// In each turn of the loop, before its events.
void Front::on_turn() {
  if (!std::exchange(has_sent_, false)) {
    announce();
    turns_.stop();
  }
}

void Front::on_wake() {
  calls_.run();
  collect();
  if (reopen_asked_.exchange(false, std::memory_order_acq_rel)) {
    for (RouteFeed* feed : feeds_) {
      if (feed->source() != nullptr && !feed->is_stopped()) {
        feed->source()->reopen();
      }
    }
  }
  wind_up();
  if (end_asked_.load(std::memory_order_acquire) && is_own()) {
    loop_->stop();
  }
}

// Whether all have come home; if not, the front is woken when one does. A bundle whose receipt is held comes home without
// it, and only this makes that wake the front.
bool Front::are_bundles_home(RouteFeed& feed) {
  if (feed.are_bundles_home()) {
    return true;
  }
  starve(1);
  feed.collect();
  if (feed.are_bundles_home()) {
    sate();
    return true;
  }
  return false;
}

// Last ticks, as filters that keep rows back let go of them then; a flush of the sinks, as those that collect rows let go
// then; rest. True when all is home and settled.
bool Front::bring_home(RouteFeed& feed) {
  if (!are_bundles_home(feed)) {
    return false;
  }
  feed.send_last_ticks();
  if (!are_bundles_home(feed)) {
    return false;
  }
  feed.flush_sinks();
  return feed.is_at_rest();
}

// Stop, bring home, close: each source takes one step after the other, and the front is done with all.
void Front::wind_up() {
  bool all_done = true;
  for (RouteFeed* feed : feeds_) {
    if (feed->is_held()) {
      all_done = false;
      if (!feed->is_drained.load(std::memory_order_relaxed) && bring_home(*feed)) {
        feed->is_drained.store(true, std::memory_order_release);
        notice_.give();
      }
      continue;
    }
    if (feed->is_ending(stop_asked_.load(std::memory_order_acquire))) {
      feed->stop_source();
    }
    if (!feed->is_stopped() && feed->wants_flush() && are_bundles_home(*feed)) {
      feed->flush_sinks_now();
    }
    if (feed->is_stopped() && !feed->is_closed() && bring_home(*feed)) {
      feed->close();
      notice_.give();  // stacks for refused rows end after those that fill them
    }
    all_done = all_done && feed->is_closed();
  }
  if (all_done && !is_done()) {
    is_done_.store(true, std::memory_order_release);
    notice_.give();
  }
}

void Front::close_sources() {
  for (RouteFeed* feed : feeds_) {
    feed->stop_source();
  }
  collect();
  for (RouteFeed* feed : feeds_) {
    feed->close();
  }
}

}  // namespace stook
