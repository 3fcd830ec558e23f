// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Delivery: brings payloads to one sink, in order, and offers each until it is final.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/api/codec.hh"
#include "core/api/letter_box.hh"
#include "core/api/remark.hh"
#include "core/api/sink.hh"
#include "core/base/clock.hh"
#include "core/base/fd.hh"
#include "core/base/log.hh"
#include "core/base/meter.hh"
#include "core/base/room.hh"
#include "core/plan/plan.hh"
#include "core/run/bisection.hh"
#include "core/run/pulse.hh"
#include "core/run/reasons.hh"
#include "core/run/refusals.hh"
#include "core/run/retry.hh"

namespace stook {

/// What a sink has done. One writer: the thread that delivers to it.
/// Conservation: the rows of all payloads taken = rows + lettered_rows + routed_rows + refused_rows + given_up_rows +
/// letters_full_rows + those that wait.
struct SinkMeter {
  Counter payloads;
  Counter rows;   // delivered
  Counter bytes;  // delivered
  Counter retries;
  Counter lettered_rows;      // kept as letters
  Counter routed_rows;        // final in the stack for refused rows
  Counter refused_rows;       // dropped: the sink will never take them
  Counter given_up_rows;      // dropped: the sink did not take them in time
  Counter abandoned_rows;     // dropped: the sink went away and had not taken them in time
  Counter letters_full_rows;  // dropped: there was no room for their letters
  Counter deliveries;
  Counter ns;        // inside deliver
  Gauge fetched;     // rows from a spool; those that it still has when it is closed are taken off again
  Gauge is_failing;  // 1 while the last answer was neither Done nor Refused
  Gauge is_broken;   // 1 while a device has not worked for ten minutes
  Histogram age;     // µs from sealing to Done
  Histogram offers;  // µs inside deliver, by shipment
  Pulse pulse;
  ReasonRing reasons;                      // of rows that were not delivered
  RemarkMeter remarks;                     // what the sink counts itself
  std::unique_ptr<MemberMeter[]> members;  // of a group, as many as the instance has

  /// Rows that are final here, whatever became of them.
  uint64_t final_rows() const {
    return rows.read() + lettered_rows.read() + routed_rows.read() + refused_rows.read() + given_up_rows.read() +
           letters_full_rows.read() + abandoned_rows.read();
  }
};

/// *Invariants:* what waits is offered from the oldest on; nothing is offered before all before it is final, but for rows
/// that were refused and are on their way through their stack: those are waited for by the payload that had them.
/// *Rooms:* the carrier that owns it, from `open` on.
class Delivery {
 public:
  /// Is told of each payload, once, when it is final: in order, with the worst fate of its rows.
  using Finish = std::function<void(Payload*, Fate)>;
  using Clock = int64_t (*)();

  Delivery(const Instance& instance, SinkMeter& meter, Finish finish, Clock clock = monotonic_ns);

  /// Before `open`: where rows go that are refused; and whose bell rings when they are final.
  void route_refused(Refusals& refusals, Doorbell& bell) ROOM(carrier);
  /// What waits for refused rows should wait no longer than it must, until nothing waits; false changes nothing.
  void flush_refused(bool is_wanted) ROOM(carrier) { is_flushing_refused_ = is_flushing_refused_ || is_wanted; }
  /// Makes the sink and opens it. Throws what that throws.
  void open() ROOM(carrier);
  void reopen() ROOM(carrier);
  void close() ROOM(carrier) { sink_->close(); }

  /// Puts a payload behind those that wait.
  void take(Payload* payload) ROOM(carrier) {
    waiting_.push_back(payload);
    meter_.pulse.take(payload->sealed_at);
  }
  /// The most payloads that should wait: more than a shipment takes.
  bool has_room() const ROOM(carrier) { return waiting_.size() < most_waiting; }
  bool is_idle() const ROOM(carrier) { return waiting_.empty(); }
  /// Runs the sink's clock, and offers what waits unless it is too early. True when it was offered.
  bool serve() ROOM(carrier);
  /// Any thread: a sink that waits for a peer ends that soon, now and whenever it is asked again.
  void hurry();
  /// Gives up all that waits: it is counted as abandoned. True when there was anything.
  bool drop() ROOM(carrier);
  /// When `serve` has something to do by itself (ns, monotonic), or -1.
  int64_t wake_at() ROOM(carrier);

 private:
  static constexpr size_t most_waiting = 256;
  // While nothing else can be offered, refused rows that have not become final for so long are not to be held back by
  // their stack; and after as long again it is said that they keep the sink from going on.
  static constexpr int64_t stack_patience = 1'000'000'000;

  Shipment next_shipment() ROOM(carrier);
  size_t shipment_size() ROOM(carrier);
  bool can_offer() const ROOM(carrier);
  void offer(Shipment shipment) ROOM(carrier);
  void delivered(Shipment shipment, int64_t now) ROOM(carrier);
  void refused(Shipment shipment) ROOM(carrier);
  void refuse(Shipment shipment, const std::string& reason) ROOM(carrier);
  void settle_judged(Shipment shipment, const Bisection::Verdict& verdict) ROOM(carrier);
  void wait(Shipment shipment, Outcome outcome, int64_t now) ROOM(carrier);
  void say_waiting(Outcome outcome, const std::string& reason, int64_t pause) ROOM(carrier);
  bool halve(Shipment shipment) ROOM(carrier);
  void break_off(const std::string& reason) ROOM(carrier);
  bool divert(Shipment shipment) ROOM(carrier);
  void set_aside(Shipment shipment, const std::string& reason, Counter& dropped) ROOM(carrier);
  Fate post(const Payload& payload, const std::string& reason) ROOM(carrier);
  void note(Shipment shipment, const std::string& why) ROOM(carrier);
  void settle(Shipment shipment, std::span<const Fate> fates) ROOM(carrier);
  void finish() ROOM(carrier);
  bool keep_letters() ROOM(carrier);
  bool take_home_refused(int64_t now) ROOM(carrier);
  size_t count_finished() const ROOM(carrier);
  void look_at_stack(int64_t now) ROOM(carrier);
  int64_t stack_slow_at() const ROOM(carrier);
  bool has_refuge() const ROOM(carrier) { return letters_ != nullptr || refusals_ != nullptr; }
  uint32_t attempts() const ROOM(carrier) { return bisection_.is_active() ? bisection_.attempts() : attempts_; }

  const Instance& instance_;
  SinkMeter& meter_;
  Finish finish_;
  Clock clock_;
  Fd hurry_;
  std::unique_ptr<Codec> header_codec_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<LetterBox> letters_;
  Refusals* refusals_ = nullptr;   // when refused rows go to a stack
  std::vector<Payload*> waiting_;  // the oldest first
  size_t offered_ = 0;             // so many of them are offered together, and again; 0: not decided
  uint32_t attempts_ = 0;          // how often they were
  Bisection bisection_;
  std::vector<Settled> settled_;  // the oldest that wait, final but for their letters or their refused rows
  uint64_t posted_rows_ = 0;      // rows whose letters are not flushed yet,
  uint64_t unposted_rows_ = 0;    // and those for whose letters there was no room
  std::vector<Fate> fates_;       // of the shipment at hand
  int64_t stack_moved_at_ = 0;    // when refused rows last became final, or began to wait for that
  bool is_stack_slow_ = false;
  bool is_flushing_refused_ = false;
  std::string broken_by_;  // why rows go elsewhere instead
  Retry retry_;
  Retry letters_retry_;
  LogLimit again_limit_{1};
  LogLimit gave_up_limit_{1};
  bool has_complained_ = false;  // the log says that the sink does not take what it is offered
};

}  // namespace stook
