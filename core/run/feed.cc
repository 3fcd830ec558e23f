// SPDX-License-Identifier: Apache-2.0
#include "core/run/feed.hh"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/base/clock.hh"
#include "core/base/processor.hh"
#include "core/lua/library/kept_values.hh"
#include "core/run/front.hh"
#include "core/run/route_run.hh"

namespace stook {

namespace {
/// A wake-up costs a front and its worker some ten microseconds, as much as many rows do, so bundles that follow one another
/// share one. But none waits for longer than this, nor when the front has nothing else to do. Measured by test/bench/run
/// --only raw and test/bench/net.py --only udp.
constexpr int64_t announce_after = 500'000;

std::unique_ptr<Bundle> make_bundle(const Route& route) {
  return std::make_unique<Bundle>(route.source_rows, route.capacity, route.schema.size() + route.open_keys);
}
}  // namespace

RouteFeed::RouteFeed(Front& front, RouteRun& route) : front_(front), route_(&route), ledger_(front) {
  open_.assign(route.lanes.size(), nullptr);
  fill_pools();
}

void RouteFeed::fill_pools() {
  const Route& plan = route_->plan;
  pool_ = Pool<Bundle>(plan.bundles, [&] { return make_bundle(plan); });
  meter.pool.set(static_cast<int64_t>(pool_.size()));
  ticks_ = Pool<Bundle>(route_->tick_period > 0 ? route_->lanes.size() : 0, [&] { return make_bundle(plan); });
  ledger_.resize(plan.bundles + route_->slots() + 2 * ticks_.size() + plan.held);
  marks_.resize(route_->lanes.size());
  out_ = plan.source_out;
}

Loop& RouteFeed::loop() {
  return front_.loop();
}

std::string_view RouteFeed::id() const {
  return route_->plan.source->id;
}

void RouteFeed::start() {
  const Instance& instance = *route_->plan.source;
  std::string why = instance.processor < 0 ? std::string() : run_on_processor(instance.processor);
  if (!why.empty()) {
    throw SetupError("[" + instance.id + "] cpu = " + std::to_string(instance.processor) + ": " + why);
  }
  if (refusals_) {
    auto source = std::make_unique<RefusalSource>(refusals_);
    refusal_source_ = source.get();
    source_ = std::move(source);
  } else {
    source_ = instance.plugin->source({instance.config.get(), instance.id, {}});
  }
  ledger_.source = source_.get();
  kept_begins(&ledger_, id());
  auto give_up = [this]() ROOM(front) {
    ledger_.source = nullptr;
    source_.reset();
    is_stopped_ = true;
    is_closed_ = true;
  };
  try {
    source_->start(*this);
  } catch (const SetupError& error) {
    give_up();
    throw SetupError("[" + instance.id + "] " + error.what(), error.code);
  } catch (...) {
    give_up();
    throw;
  }
  start_ticks();
}

void RouteFeed::start_ticks() {
  if (route_->tick_period > 0) {
    tick_timer_.on_time<&RouteFeed::on_tick>(loop(), this, route_->tick_period, route_->tick_period);
  }
}

void RouteFeed::mark(uint64_t stream, uint64_t position, uint64_t partition) {
  std::vector<Mark>& marks = marks_[open_.size() == 1 ? 0 : partition % open_.size()];
  for (auto mark = marks.rbegin(); mark != marks.rend(); ++mark) {
    if (mark->stream == stream) {
      mark->position = position;
      return;
    }
  }
  marks.push_back({stream, position});
}

void RouteFeed::send(size_t lane) {
  Bundle* bundle = open_[lane];
  open_[lane] = nullptr;
  bundle->receipt = ledger_.open(bundle->rows(), marks_[lane]);
  int64_t now = monotonic_ns();
  bundle->sealed_at = now;
  meter.rows.add(bundle->rows());
  meter.bundles.add(1);
  meter.pool_out.set(static_cast<int64_t>(pool_.size() - pool_.home()));
  route_->lanes[lane]->send(bundle);
  announce_in_time(now);
}

void RouteFeed::announce_in_time(int64_t now) {
  unannounced_since_ = unannounced_++ == 0 ? now : unannounced_since_;
  if (unannounced_ < pool_.size() / 2 && longest_wait_ > 0) {
    return;  // `seal` does it
  }
  if (unannounced_ < pool_.size() / 2 && now - unannounced_since_ < announce_after) {
    front_.announce_soon(*this);
    return;
  }
  announce();
  front_.announce();
}

void RouteFeed::wait_for_more(int64_t longest) {
  longest_wait_ = longest;
  if (longest == 0) {
    announce();
  }
}

void RouteFeed::announce() {
  unannounced_ = 0;
  for (auto& lane : route_->lanes) {
    lane->announce();
  }
}

void RouteFeed::seal() {
  for (size_t lane = 0; lane < open_.size(); lane++) {
    if (open_[lane] != nullptr && open_[lane]->rows() > 0) {
      send(lane);
    }
  }
  if (longest_wait_ > 0 && unannounced_ > 0 && monotonic_ns() - unannounced_since_ >= longest_wait_) {
    announce();
  }
}

Bundle* RouteFeed::next_bundle(size_t lane) {
  if (open_[lane] != nullptr) {
    send(lane);
  }
  if (is_stopped_) {
    return nullptr;
  }
  open_[lane] = is_held_ ? nullptr : take_bundle();
  if (open_[lane] == nullptr) {
    announce();
    is_paused_ = true;
    meter.pauses.add(1);
    meter.paused_since.set(monotonic_ns());
    source_->pause();
  }
  return open_[lane];
}

// Bundles of one lane with one worker come home in order, so the front sleeps until most of them have; what is left keeps
// the worker busy while it wakes up. Of several, one may be slow, and the others must not wait for it.
size_t RouteFeed::awaited() const {
  bool is_in_order = route_->lanes.size() == 1 && route_->lanes[0]->ways() == 1;
  return std::max<size_t>(1, is_in_order ? route_->lanes[0]->out() * 3 / 4 : pool_.size() / 4);
}

Bundle* RouteFeed::take_bundle() {
  Bundle* bundle = can_open_one() ? pool_.take() : nullptr;
  if (bundle == nullptr) {
    collect_bundles();
    bundle = can_open_one() ? pool_.take() : nullptr;
  }
  if (bundle == nullptr && can_open_one()) {
    front_.starve(awaited());
    collect_bundles();
    bundle = pool_.take();
    if (bundle != nullptr) {
      front_.sate();
    }
  }
  return bundle;
}

void RouteFeed::collect_bundles() {
  for (auto& lane : route_->lanes) {
    while (Bundle* bundle = lane->come_home()) {
      (bundle->kind == Bundle::Kind::Rows ? pool_ : ticks_).put(bundle);
      bundle->reset();
    }
  }
  meter.pool_out.set(static_cast<int64_t>(pool_.size() - pool_.home()));
}

void RouteFeed::collect() {
  collect_bundles();
  if (is_stopped_ || is_held_) {
    return;
  }
  if (!is_paused_) {
    if (refusal_source_ != nullptr) {
      refusal_source_->read();
    }
    return;
  }
  if (pool_.home() == 0 && can_open_one()) {
    front_.starve(awaited());
    collect_bundles();
  }
  if (pool_.home() > 0 && can_open_one()) {
    front_.sate();
    is_paused_ = false;
    meter.paused_since.set(0);
    source_->resume();
  }
}

void RouteFeed::send_ticks(bool is_last) {
  for (auto& lane : route_->lanes) {
    Bundle* bundle = can_tick(is_last) ? ticks_.take() : nullptr;
    if (bundle == nullptr) {
      assert(!is_last);
      continue;  // the lane's former tick is still on its way
    }
    std::vector<Mark> none;
    bundle->kind = is_last ? Bundle::Kind::LastTick : Bundle::Kind::Tick;
    bundle->receipt = ledger_.open(0, none);
    bundle->sealed_at = monotonic_ns();
    lane->send(bundle);
    lane->announce();
  }
}

}  // namespace stook
