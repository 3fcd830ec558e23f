// SPDX-License-Identifier: Apache-2.0
#include "core/run/front.hh"

#include <pthread.h>

#include "core/run/engine.hh"
#include "core/run/feed.hh"

namespace stook {

void Front::open() {
  wake_.on_wake<&Front::on_wake>(*loop_, this);
  for (RouteFeed* feed : feeds) {
    feed->start();
  }
  wake();  // a source may have ended before it began
}

void Front::run_thread(std::exception_ptr& failure, Doorbell& started) {
  room::enter(room::front);
  pthread_setname_np(pthread_self(), ("stook-front-" + std::to_string(number)).c_str());
  try {
    open();
  } catch (...) {
    failure = std::current_exception();
    started.ring();
    return;
  }
  started.ring();
  loop_->run();
}

void Front::launch() {
  std::exception_ptr failure;
  Doorbell started;
  thread_ = std::thread([&] { run_thread(failure, started); });
  started.wait();
  if (failure) {
    thread_.join();
    std::rethrow_exception(failure);
  }
}

void Front::join() {
  if (thread_.joinable()) {
    ask_end();
    thread_.join();
  }
}

void Front::collect() {
  credit_.exchange(0, std::memory_order_acq_rel);
  for (auto& queue : receipts) {
    while (Receipt* receipt = queue->pop()) {
      receipt->ledger->settle(receipt);
    }
  }
  for (RouteFeed* feed : feeds) {
    feed->collect();
  }
}

void Front::on_wake() {
  collect();
  if (reopen_asked_.exchange(false, std::memory_order_acq_rel)) {
    for (RouteFeed* feed : feeds) {
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

// Stop, settle, last ticks, settle, close: each source takes one step after the other, and the front is done with all.
void Front::wind_up() {
  if (is_done()) {
    return;
  }
  bool all_done = true;
  for (RouteFeed* feed : feeds) {
    if (feed->is_finished() || (stop_asked_.load(std::memory_order_acquire) && !feed->end_source())) {
      feed->stop_source();
    }
    // Filters that keep rows back let go of them at the last tick, so their receipts are out until then.
    if (feed->is_stopped() && !feed->has_sent_last_ticks && feed->are_bundles_home()) {
      feed->send_last_ticks();
    }
    all_done = all_done && feed->has_sent_last_ticks && feed->is_at_rest();
  }
  if (all_done) {
    close_sources();
    is_done_.store(true, std::memory_order_release);
    engine_.front_done();
  }
}

void Front::close_sources() {
  if (has_closed_) {
    return;
  }
  has_closed_ = true;
  for (RouteFeed* feed : feeds) {
    feed->stop_source();
  }
  collect();
  for (RouteFeed* feed : feeds) {
    if (feed->source() != nullptr) {
      feed->source()->close();
    }
  }
}

}  // namespace stook
