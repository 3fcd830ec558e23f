// SPDX-License-Identifier: Apache-2.0
#include "core/run/reading.hh"

#include <pthread.h>

#include <algorithm>
#include <exception>

#include "core/base/clock.hh"

namespace stook {

namespace {
/// So many records are read ahead of the sink.
constexpr size_t records_ahead = 64;

int64_t earlier(int64_t a, int64_t b) {
  return a < 0 ? b : b < 0 ? a : std::min(a, b);
}
}  // namespace

Spooled::Reading::Reading(const Instance& instance, SinkMeter& meter, Vigil* vigil, Refusals* refusals)
    : instance_(instance),
      meter_(meter),
      vigil_(vigil),
      delivery_(instance, meter, [this](Payload* payload, Fate fate) ROOM(carrier) { finish(payload, fate); }) {
  if (refusals != nullptr) {
    delivery_.route_refused(*refusals, bell);
  }
  if (instance.hold.is_on()) {
    hold_ = std::make_unique<Hold>(instance.hold, delivery_, [this](Payload* copied) { free_.push_back(copied); });
  }
  for (size_t i = 0; i < records_ahead; i++) {
    payloads_.push_back(std::make_unique<Payload>());
    free_.push_back(payloads_.back().get());
  }
}

Spooled::Reading::~Reading() {
  end(true);
}

void Spooled::Reading::launch() {
  std::exception_ptr failure;
  Doorbell started;
  thread_ = std::thread([&] {
    room::enter(room::carrier);
    pthread_setname_np(pthread_self(), ("stook-" + instance_.id).substr(0, 13).append(".r").c_str());
    final_before_ = meter_.final_rows();
    try {
      delivery_.open();
    } catch (...) {
      failure = std::current_exception();
      started.ring();
      return;
    }
    started.ring();
    run();
  });
  started.wait();
  if (failure) {
    thread_.join();
    std::rethrow_exception(failure);
  }
}

void Spooled::Reading::end(bool abandon) {
  if (!thread_.joinable()) {
    return;
  }
  abandon_asked_.store(abandon, std::memory_order_release);
  end_asked_.store(true, std::memory_order_release);
  if (abandon) {
    delivery_.hurry();
  }
  bell.ring();
  thread_.join();
}

void Spooled::Reading::run() {
  for (;;) {
    bell.hush();
    bool is_ending = end_asked_.load(std::memory_order_acquire);
    if (is_ending && abandon_asked_.load(std::memory_order_acquire)) {
      break;
    }
    reader_ = given_.load(std::memory_order_acquire);
    if (reader_ == nullptr) {
      if (is_ending) {
        break;
      }
      bell.wait();
      continue;
    }
    if (serve_once()) {
      continue;
    }
    // A sink that fails does not keep the process from ending: what it did not take stays in the spool.
    if (is_ending && (is_done() || meter_.is_failing.read() != 0)) {
      break;
    }
    bell.wait_until(wake_at());
  }
  if (reader_ != nullptr) {
    count_left();
    reader_->close();
  }
  delivery_.close();
}

// What the sink has not taken stays in the spool: it has not come in.
void Spooled::Reading::count_left() {
  if (!is_done()) {
    uint64_t final_here = meter_.final_rows() - final_before_;
    meter_.fetched.set(meter_.fetched.read() - static_cast<int64_t>(fetched_ - std::min(fetched_, final_here)));
  }
}

bool Spooled::Reading::serve_once() {
  if (reopen_asked_.exchange(false, std::memory_order_acq_rel)) {
    delivery_.reopen();
  }
  bool has_moved = fetch();
  if (hold_) {
    hold_->serve(end_asked_.load(std::memory_order_acquire) && !has_more_);
  }
  has_moved = delivery_.serve() || has_moved;
  int64_t timer = reader_->next_time();
  if (timer >= 0 && monotonic_ns() >= timer) {
    reader_->on_time(monotonic_ns());
  }
  return has_moved;
}

// Fills free payloads with the next records.
bool Spooled::Reading::fetch() {
  bool has_moved = false;
  while (!free_.empty() && (hold_ ? hold_->has_room() : delivery_.has_room())) {
    Payload* payload = free_.back();
    payload->reset();
    std::optional<uint64_t> sequence = reader_->next(*payload);
    has_more_ = sequence.has_value();
    if (!has_more_) {
      break;
    }
    free_.pop_back();
    payload->sequence = *sequence;
    fetched_ += payload->rows();
    meter_.fetched.set(meter_.fetched.read() + static_cast<int64_t>(payload->rows()));
    if (hold_) {
      hold_->take(payload);
    } else {
      delivery_.take(payload);
    }
    has_moved = true;
  }
  if (has_moved && vigil_ != nullptr) {
    vigil_->stir();
  }
  return has_moved;
}

bool Spooled::Reading::is_done() {
  return !has_more_ && delivery_.is_idle() && (!hold_ || hold_->is_idle());
}

int64_t Spooled::Reading::wake_at() {
  return earlier(earlier(delivery_.wake_at(), reader_->next_time()), hold_ ? hold_->wake_at() : -1);
}

void Spooled::Reading::finish(Payload* payload, Fate) {
  if (payload->sequence > acknowledged_) {  // a batch may end within a record
    acknowledged_ = payload->sequence;
    reader_->acknowledge(acknowledged_);
  }
  if (hold_) {
    hold_->recycle(payload);
  } else {
    free_.push_back(payload);
  }
}

}  // namespace stook
