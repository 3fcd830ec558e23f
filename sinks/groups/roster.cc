// SPDX-License-Identifier: Apache-2.0
#include "sinks/groups/roster.hh"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/base/log.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"
#include "sinks/groups/offer_end.hh"

namespace stook {

namespace {
/// How long a failing member is left alone where it does not come back by itself.
constexpr int64_t default_pause = 30'000'000'000;
constexpr int64_t most_pauses = 16;
constexpr uint32_t lone_refusals_most = 3;
}  // namespace

Roster::Roster(std::string_view group, std::span<GroupMember> members, int64_t fail_back, Clock clock)
    : group_(group),
      fail_back_(fail_back),
      first_pause_(fail_back < 0 ? default_pause : fail_back),
      clock_(clock),
      all_(members.size()) {
  for (size_t i = 0; i < members.size(); i++) {
    all_[i].member = std::move(members[i]);
  }
}

void Roster::open() {
  size_t opened = 0;
  for (size_t i = 0; i < all_.size(); i++) {
    opened += open(i) ? 1 : 0;
  }
  if (opened == 0) {
    throw SetupError(reason());
  }
}

bool Roster::open(size_t i) {
  if (all_[i].is_open) {
    return true;
  }
  try {
    all_[i].member.sink->open();
    all_[i].is_open = true;
  } catch (const SetupError& error) {
    fail(i, error.what());
  }
  return all_[i].is_open;
}

Outcome Roster::offer(size_t i, Shipment shipment) {
  One& one = all_[i];
  one.refuses_all = false;
  one.refused_rows = {};
  if (!open(i)) {
    return Outcome::Again;
  }
  Outcome outcome = one.member.sink->deliver(shipment);
  if (outcome == Outcome::Done) {
    for (const Payload* payload : shipment) {
      one.member.meter->rows.add(payload->rows());
      one.member.meter->bytes.add(payload->size());
    }
    recover(i);
    return outcome;
  }
  one.member.meter->failures.add(1);
  one.reason = one.member.sink->reason();
  one.refuses_all = outcome == Outcome::Refused && one.member.sink->refuses_all();
  if (outcome == Outcome::Refused && !one.refuses_all && take_part(i, shipment)) {
    recover(i);
    return outcome;
  }
  one.lone_refusals += outcome == Outcome::Refused && stands_alone(shipment) ? 1 : 0;
  if (outcome != Outcome::Refused || one.refuses_all || one.lone_refusals >= lone_refusals_most) {
    fail(i, one.reason);
  }
  return outcome;
}

// Counts what it took of a shipment of which it refused some rows by name; false when it named none, or took none.
bool Roster::take_part(size_t i, Shipment shipment) {
  One& one = all_[i];
  one.refused_rows = stands_alone(shipment) ? std::span<const RefusedRow>() : one.member.sink->refused_rows();
  size_t rows = 0;
  size_t offered = 0;
  for (const Payload* payload : shipment) {
    rows += payload->rows();
    offered += payload->is_divisible() ? payload->rows() : 1;
  }
  size_t refused = one.refused_rows.size();
  if (refused == 0 || refused == offered) {
    return false;
  }
  one.member.meter->rows.add(rows - std::min(rows, refused));
  return true;
}

void Roster::refuse(size_t i, const std::string& reason) {
  all_[i].reason = reason;
  all_[i].refuses_all = false;
  all_[i].lone_refusals = std::max<uint32_t>(all_[i].lone_refusals, 1);
}

void Roster::fail(size_t i, std::string reason) {
  One& one = all_[i];
  int64_t now = clock_();
  one.reason = std::move(reason);
  if (one.is_failing) {
    one.retry_at = now + one.pause;
    return;
  }
  bool flaps = one.recovered_at >= 0 && now - one.recovered_at < one.pause;
  one.pause = flaps ? std::min(2 * one.pause, most_pauses * first_pause_) : first_pause_;
  one.retry_at = now + one.pause;
  one.failing_since = now;
  one.is_failing = true;
  one.member.meter->is_failing.set(1);
  static LogLimit limit;
  if (auto pass = limit.pass()) {
    log_event(Level::Error, "member_failed",
              Fields()("instance", group_)("member", one.member.id)("reason", one.reason)(
                  "asked_again_in", show_duration(one.pause))("suppressed", pass.suppressed));
  }
}

void Roster::recover(size_t i) {
  One& one = all_[i];
  one.lone_refusals = 0;
  if (!one.is_failing) {
    return;
  }
  int64_t now = clock_();
  one.is_failing = false;
  one.recovered_at = now;
  one.member.meter->is_failing.set(0);
  static LogLimit limit;
  if (auto pass = limit.pass()) {
    log_event(Level::Notice, "member_recovered",
              Fields()("instance", group_)("member", one.member.id)("after", show_duration(now - one.failing_since))(
                  "suppressed", pass.suppressed));
  }
}

bool Roster::has_working(size_t members) const {
  return std::any_of(all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(members),
                     [](const One& one) { return !one.is_failing; });
}

std::string Roster::reason() const {
  std::string text;
  for (const One& one : all_) {
    if (!one.reason.empty() && (one.is_failing || one.lone_refusals > 0 || one.refuses_all)) {
      text += (text.empty() ? "" : "; ") + one.member.id + ": " + one.reason;
    }
  }
  return text;
}

size_t Roster::shipment_bytes() const {
  size_t least = SIZE_MAX;
  for (const One& one : all_) {
    least = std::min(least, one.member.sink->shipment_bytes());
  }
  return least;
}

// Who asks for it has mended something: members that fail are asked again at once.
void Roster::reopen() {
  for (One& one : all_) {
    one.retry_at = 0;
    if (one.is_open) {
      one.member.sink->reopen();
    }
  }
}

int64_t Roster::next_time() {
  int64_t next = -1;
  for (One& one : all_) {
    int64_t at = one.is_open ? one.member.sink->next_time() : -1;
    next = at >= 0 && (next < 0 || at < next) ? at : next;
  }
  return next;
}

void Roster::on_time(int64_t now) {
  for (One& one : all_) {
    int64_t at = one.is_open ? one.member.sink->next_time() : -1;
    if (at >= 0 && now >= at) {
      one.member.sink->on_time(now);
    }
  }
}

void Roster::close() {
  for (One& one : all_) {
    if (one.is_open) {
      one.member.sink->close();
    }
  }
}

int64_t read_fail_back(const std::string& text) {
  Duration time;
  std::string why;
  if (text == "never") {
    return -1;
  }
  if (!read_value(text, time, why) || time.ns <= 0) {
    throw std::invalid_argument("fail_back: '" + text + "' is no time; it takes one such as 30s, or never");
  }
  return time.ns;
}

}  // namespace stook
