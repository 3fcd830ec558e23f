// SPDX-License-Identifier: Apache-2.0
#include "core/run/health.hh"

#include "core/base/log.hh"
#include "core/base/text.hh"

namespace stook {

namespace {
/// Of one source, `ack_waits` is said once in so long.
constexpr int64_t quiet_for = 60'000'000'000;
constexpr int64_t shortest_period = 50'000'000;
constexpr int64_t longest_period = 5'000'000'000;
}  // namespace

void Health::start(Loop& loop, int64_t stall_after) {
  loop_ = &loop;
  period_ = std::clamp(stall_after / 8, shortest_period, longest_period);
  vigil.stirred.on_wake<&Health::on_stir>(loop, this);
}

void Health::stop() {
  timer_.stop();
}

void Health::on_stir() {
  if (!timer_.is_active()) {
    timer_.on_time<&Health::on_time>(*loop_, this, period_, period_);
  }
}

void Health::on_time() {
  Standings standings = look_();
  if (listener_) {
    listener_(standings);
  }
  if (judge(standings)) {
    return;
  }
  vigil.relax();
  if (look_().is_out()) {
    vigil.keep();
    return;
  }
  timer_.stop();
}

bool Health::judge(const Standings& standings) {
  int64_t now = standings.now;
  for (const Standing& one : standings.all) {
    if (standings.is_late(one)) {
      name(one, standings);
      continue;
    }
    auto late = late_.find(one.source);
    if (late != late_.end()) {
      unname(one.source, late->second, now);
    }
  }
  return standings.is_out();
}

void Health::name(const Standing& one, const Standings& standings) {
  int64_t now = standings.now;
  auto [found, is_new] = late_.try_emplace(one.source);
  Late& late = found->second;
  if (late.is_named) {
    return;
  }
  if (!is_new && now - late.spoken_at < quiet_for) {
    late.suppressed += late.oldest_at != one.oldest_at ? 1 : 0;
    late.oldest_at = one.oldest_at;
    return;
  }
  Fields fields;
  fields("source", one.source)("stack", one.stack)("holder", one.holder.id)("state", holder_state(one.holder.kind))(
      "age", show_duration(one.age(now)))("rows", one.rows)("stalled", standings.is_stalled(one) ? "yes" : "no")(
      "reason", one.holder.reason)("suppressed", late.suppressed);
  log_event(Level::Warning, "ack_waits", fields);
  late = {now, one.oldest_at, true, 0};
}

void Health::unname(const std::string& source, Late& late, int64_t now) {
  if (!late.is_named) {
    return;
  }
  late.is_named = false;
  log_event(Level::Notice, "ack_moves", Fields()("source", source)("after", show_duration(now - late.oldest_at)));
}

}  // namespace stook
