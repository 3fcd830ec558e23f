// SPDX-License-Identifier: Apache-2.0
/// The way of payloads through a carrier: out of spools that its sink has no more, into its own, or to the sink itself.
#include <utility>

#include "core/base/clock.hh"
#include "core/run/carrier.hh"

namespace stook {

namespace {
/// So long nothing is taken at most, while the last records of a spool are delivered.
constexpr int64_t lull_time = 100'000'000;
/// Between two of these.
constexpr int64_t lull_pause = 1'000'000'000;
/// Between two looks at what is left, in a lull and without one.
constexpr int64_t look_in_lull = 1'000'000;
constexpr int64_t look_before = 50'000'000;
}  // namespace

void Carrier::add_spool(const SpoolSettings& which) {
  spools_.push_back(std::make_unique<Spooled>(
      instance, which, meter, bell, [this](Payload* payload) ROOM(carrier) { give_back(payload); },
      [this](std::vector<Receipt*>& held, Fate fate) ROOM(carrier) { settle(held, fate); }));
}

void Carrier::route_refused(std::shared_ptr<Refusals> refusals) {
  refusals_ = std::move(refusals);
  if (!spools_.empty()) {
    refusals_->dry = [this] {
      const Spooled* one = spooled();
      const Spool* waits = one == nullptr ? nullptr : one->spool();
      return one == nullptr || meter.is_failing.read() != 0 || (waits != nullptr && waits->waiting().rows == 0);
    };
  }
}

void Carrier::take_over(const std::function<bool(const std::string& folder)>& belongs_to_another) {
  for (auto& one : spools_) {
    if (belongs_to_another(one->settings().folder)) {
      one->take_over();
    }
  }
}

std::vector<SpoolSettings> Carrier::spools_ahead() const {
  std::vector<SpoolSettings> ahead;
  for (size_t i = way_.load(std::memory_order_acquire); i < spools_.size(); i++) {
    ahead.push_back(spools_[i]->settings());
  }
  return ahead;
}

void Carrier::open_way(size_t way) {
  if (way < spools_.size()) {
    spools_[way]->open(refusals_.get());
    return;
  }
  if (refusals_) {
    delivery_.route_refused(*refusals_, bell);
  }
  delivery_.open();
}

// One that is empty from the beginning is left before anything is taken, for there may be rows in the next one. Under load
// a spool is never seen empty: when little is left in it, nothing is taken for a moment. A sink that fails in that
// moment does not hold up anybody: what comes goes into the spool again, until another time.
bool Carrier::leave_spool() {
  if (spool()->spool() == nullptr) {
    return false;
  }
  int64_t now = monotonic_ns();
  if (spool()->is_foreign()) {
    return now >= next_lull_at_ && go_on(!spool()->is_empty());  // what its former carrier could not deliver
  }
  if (lull_ends_at_ < 0) {
    if (now < next_lull_at_) {
      return false;
    }
    if (!spool()->is_nearly_empty()) {
      next_lull_at_ = now + look_before;
      return false;
    }
    lull_ends_at_ = now + lull_time;
  }
  if (!spool()->is_idle()) {
    spool()->flush();
  }
  if (spool()->is_empty() && go_on(false)) {
    return true;
  }
  if (lull_ends_at_ >= 0 && now >= lull_ends_at_) {
    lull_ends_at_ = -1;
    next_lull_at_ = now + lull_pause;
  }
  return false;
}

// The next one is opened before the former is closed: when that fails, all goes on as it was.
bool Carrier::go_on(bool leaves_rows) {
  try {
    open_way(way_ + 1);
  } catch (const std::exception& error) {
    static LogLimit limit;
    if (auto pass = limit.pass()) {
      log_event(Level::Error, "spool_not_left",
                Fields()("instance", instance.id)("folder", spool()->settings().folder)("reason", error.what())(
                    "suppressed", pass.suppressed));
    }
    lull_ends_at_ = -1;
    next_lull_at_ = monotonic_ns() + lull_pause;
    return false;
  }
  Spooled& former = *spool();
  former.close(leaves_rows);
  say_left(former);
  way_.store(way_ + 1, std::memory_order_release);
  lull_ends_at_ = -1;
  next_lull_at_ = 0;
  return true;
}

void Carrier::say_left(const Spooled& one) const {
  uint64_t rows = one.spool() == nullptr ? 0 : one.spool()->waiting().rows;
  Fields fields = Fields()("instance", instance.id)("folder", one.settings().folder)("rows", rows);
  if (rows > 0) {
    log_event(Level::Warning, "rows_left", fields);
  } else {
    log_event(Level::Notice, "spool_left", fields);
  }
}

int64_t Carrier::leave_at() const {
  if (spooled()->spool() == nullptr) {
    return -1;
  }
  return lull_ends_at_ < 0 ? next_lull_at_ : std::min(lull_ends_at_, monotonic_ns() + look_in_lull);
}

}  // namespace stook
