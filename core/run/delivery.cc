// SPDX-License-Identifier: Apache-2.0
#include "core/run/delivery.hh"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "core/base/text.hh"
#include "core/run/fate.hh"
#include "core/run/group.hh"
#include "core/run/member_fates.hh"

namespace stook {

namespace {
/// The most payloads offered together: enough for a full writev(2), few enough for a retry to stay cheap.
constexpr size_t shipment_most = 64;

// Sinks of one process and processes of one fleet must not come back at the same moments.
uint32_t seed_of(const Instance& instance, int64_t now) {
  return static_cast<uint32_t>(std::hash<std::string>()(instance.id)) ^ static_cast<uint32_t>(now ^ now >> 32);
}
}  // namespace

Delivery::Delivery(const Instance& instance, SinkMeter& meter, Finish finish, Clock clock)
    : instance_(instance),
      meter_(meter),
      finish_(std::move(finish)),
      clock_(clock),
      hurry_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      retry_(instance.retry, seed_of(instance, clock())),
      letters_retry_(instance.retry, seed_of(instance, clock())) {
  if (!hurry_) {
    throw SetupError("eventfd", errno);
  }
  if (!meter_.members) {
    meter_.members = std::make_unique<MemberMeter[]>(instance.members.size());
  }
}

void Delivery::open() {
  header_codec_ = instance_.codec->codec({instance_.codec_config.get(), instance_.id, {}});
  sink_ = build_sink(instance_, *instance_.codec, header_codec_->header(),
                     {meter_.remarks, meter_.members.get(), clock_, hurry_.get()});
  if (!instance_.letters.empty()) {
    letters_ = std::make_unique<LetterBox>(instance_.letters, instance_.letters_most);
  }
  sink_->open();
}

void Delivery::hurry() {
  uint64_t one = 1;
  (void)!::write(hurry_.get(), &one, sizeof one);  // once written it stays readable
}

void Delivery::reopen() {
  sink_->reopen();
  retry_.hurry();
  letters_retry_.hurry();
}

int64_t Delivery::wake_at() {
  int64_t at = waiting_.empty() ? -1 : settled_.empty() ? retry_.at() : letters_retry_.at();
  if (refusals_ != nullptr) {
    at = can_offer() ? retry_.at() : -1;
    at = at < 0 ? stack_slow_at() : at;
  }
  int64_t timer = sink_->next_time();
  return at < 0 ? timer : timer < 0 ? at : std::min(at, timer);
}

bool Delivery::serve() {
  int64_t now = clock_();
  int64_t timer = sink_->next_time();
  if (timer >= 0 && now >= timer) {
    sink_->on_time(now);
  }
  bool has_moved = refusals_ != nullptr && take_home_refused(now);
  if (has_moved || waiting_.empty() || (refusals_ != nullptr && !can_offer())) {
    return has_moved;
  }
  if (refusals_ == nullptr && !settled_.empty()) {
    if (letters_retry_.is_early(now)) {
      return false;
    }
    finish();
    return true;
  }
  if (retry_.is_early(now)) {
    return has_refuge() && meter_.is_broken.read() != 0 && divert(next_shipment());
  }
  Shipment shipment = next_shipment();
  if (const Bisection::Verdict* verdict = bisection_.is_active() ? bisection_.verdict() : nullptr) {
    settle_judged(shipment, *verdict);
  } else {
    offer(shipment);
  }
  return true;
}

bool Delivery::can_offer() const {
  return waiting_.size() > settled_.size() && (refusals_ == nullptr || refusals_->has_room());
}

// A shipment that was not taken is offered again as it was.
Shipment Delivery::next_shipment() {
  if (bisection_.is_active()) {
    return bisection_.offer();
  }
  if (offered_ == 0) {
    // What was collected on purpose is offered as it was collected.
    offered_ = instance_.hold.is_on() ? 1 : shipment_size();
    attempts_ = 0;
  }
  return {waiting_.data() + settled_.size(), offered_};
}

size_t Delivery::shipment_size() {
  size_t most = sink_->shipment_bytes();
  std::span<Payload* const> next = std::span(waiting_).subspan(settled_.size());
  size_t bytes = next[0]->size();
  size_t size = 1;
  while (size < std::min(shipment_most, next.size()) && bytes <= most && next[size]->size() <= most - bytes) {
    bytes += next[size++]->size();
  }
  return size;
}

void Delivery::offer(Shipment shipment) {
  int64_t start = clock_();
  meter_.pulse.ask(start);
  MemberFates members(instance_, meter_.members.get(), shipment, attempts() == 0);
  Outcome outcome = sink_->deliver(shipment);
  meter_.pulse.answer();
  int64_t now = clock_();
  meter_.ns.add(static_cast<uint64_t>(now - start));
  meter_.deliveries.add(1);
  meter_.offers.add(static_cast<uint64_t>(std::max<int64_t>(0, now - start)) / 1000);
  attempts_++;
  if (bisection_.is_active()) {
    bisection_.count_attempt();
  }
  if (outcome != Outcome::Done && outcome != Outcome::Refused) {
    wait(shipment, outcome, now);
    return;
  }
  if (retry_.is_failing()) {
    retry_.recover();
    meter_.is_failing.set(0);
    meter_.is_broken.set(0);
    meter_.pulse.recover();
    if (std::exchange(has_complained_, false)) {
      log_event(Level::Notice, "sink_recovered", Fields()("instance", instance_.id));
    }
  }
  if (outcome == Outcome::Done) {
    members.tell(shipment);
    delivered(shipment, now);
  } else {
    refused(shipment);
  }
}

void Delivery::delivered(Shipment shipment, int64_t now) {
  for (Payload* payload : shipment) {
    meter_.payloads.add(payload->whole == nullptr ? 1 : 0);
    meter_.rows.add(payload->rows());
    meter_.bytes.add(payload->size());
    meter_.age.add(static_cast<uint64_t>(std::max<int64_t>(0, now - payload->sealed_at)) / 1000);
    tell_fate(*payload, "delivered", {});
  }
  fates_.assign(shipment.size(), Fate::Done);
  settle(shipment, fates_);
}

void Delivery::refused(Shipment shipment) {
  auto rows = sink_->refused_rows();
  if (!rows.empty() && !sink_->refuses_all() && Bisection::count(shipment) > 1) {
    bisection_.is_active() ? bisection_.judge(rows) : bisection_.begin(shipment, attempts_, rows);
    return;
  }
  if (sink_->refuses_all() || !halve(shipment)) {
    refuse(shipment, sink_->reason());
  }
}

// The sink has said what becomes of these rows, when they were offered among others.
void Delivery::settle_judged(Shipment shipment, const Bisection::Verdict& verdict) {
  if (verdict.fate == Fate::Done) {
    delivered(shipment, clock_());
  } else {
    refuse(shipment, std::string(verdict.reason));
  }
}

void Delivery::refuse(Shipment shipment, const std::string& reason) {
  static LogLimit limit;
  size_t rows = 0;
  for (const Payload* payload : shipment) {
    rows += payload->rows();
  }
  if (auto pass = limit.pass()) {
    log_event(Level::Error, "sink_refused",
              Fields()("instance", instance_.id)("rows", uint64_t{rows})("reason", reason)(
                  "kept", letters_               ? "as letters"
                          : refusals_ != nullptr ? "in another stack"
                                                 : "no")("suppressed", pass.suppressed));
  }
  set_aside(shipment, reason, meter_.refused_rows);
}

// False when what was refused stands alone.
bool Delivery::halve(Shipment shipment) {
  if (bisection_.is_active()) {
    return bisection_.split();
  }
  if (Bisection::count(shipment) == 1) {
    return false;
  }
  bisection_.begin(shipment, attempts_);
  return true;
}

void Delivery::wait(Shipment shipment, Outcome outcome, int64_t now) {
  meter_.retries.add(1);
  meter_.is_failing.set(1);
  std::string reason = sink_->reason();
  meter_.pulse.fail(now, reason);
  int64_t pause = retry_.fail(outcome, now, sink_->retry_after());
  if (retry_.is_over(now)) {
    reason = "given up after " + show_duration(instance_.retry.give_up) + ": " + reason;
    if (auto pass = gave_up_limit_.pass()) {
      log_event(Level::Error, "sink_gave_up",
                Fields()("instance", instance_.id)("payloads", uint64_t{shipment.size()})("reason", reason)(
                    "suppressed", pass.suppressed));
    }
    sink_->forget(shipment);
    set_aside(shipment, reason, meter_.given_up_rows);
    return;
  }
  if (retry_.is_broken(now)) {
    break_off(reason);
    if (has_refuge()) {
      divert(shipment);
      return;
    }
  }
  say_waiting(outcome, reason, pause);
}

void Delivery::say_waiting(Outcome outcome, const std::string& reason, int64_t pause) {
  if (auto pass = again_limit_.pass()) {
    has_complained_ = true;
    log_event(Level::Error, outcome == Outcome::Misconfigured ? "sink_misconfigured" : "sink_waits",
              Fields()("instance", instance_.id)("reason", reason)("waiting_payloads", uint64_t{waiting_.size()})(
                  "retry_in", show_duration(pause))("suppressed", pass.suppressed));
  }
}

void Delivery::break_off(const std::string& reason) {
  broken_by_ = "failed: " + reason;
  if (meter_.is_broken.read() != 0) {
    return;
  }
  meter_.is_broken.set(1);
  has_complained_ = true;
  log_event(Level::Error, "sink_failed",
            Fields()("instance", instance_.id)("reason", reason)("after", show_duration(Retry::broken_after))(
                "rows_go", letters_               ? "to letters"
                           : refusals_ != nullptr ? "to another stack"
                                                  : "nowhere, they wait"));
}

// Rows for a broken device go where refused ones go. When there is no room for letters, they wait, as nobody has refused
// them.
bool Delivery::divert(Shipment shipment) {
  uint64_t size = 0;
  for (const Payload* payload : shipment) {
    size += 6 * payload->size() + (payload->rows() + 1) * (256 + broken_by_.size());
  }
  if (letters_ && !letters_->has_room(size)) {
    return false;
  }
  sink_->forget(shipment);
  set_aside(shipment, broken_by_, meter_.refused_rows);
  return true;
}

}  // namespace stook
