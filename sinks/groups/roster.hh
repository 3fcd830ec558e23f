// SPDX-License-Identifier: Apache-2.0
/// The members of a group: which of them work, and when one that does not is asked again.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/api/group.hh"
#include "core/api/sink.hh"

namespace stook {

/// A member fails when it cannot be opened, answers anything but Done and Refused, refuses all, or refuses three single
/// rows and takes none between them. It is asked again after `fail_back`; when it fails again before it has worked for so
/// long, after twice the time, and so on up to sixteen times `fail_back`.
/// *Rooms:* its sink's carrier.
class Roster {
 public:
  using Clock = int64_t (*)();
  /// A `fail_back` below 0 is never. Takes the members away.
  Roster(std::string_view group, std::span<GroupMember> members, int64_t fail_back, Clock clock);

  size_t size() const { return all_.size(); }
  int64_t now() const { return clock_(); }
  const std::string& name(size_t i) const { return all_[i].member.id; }
  MemberMeter& meter(size_t i) { return *all_[i].member.meter; }

  /// Opens all members. Those that cannot be opened are failing; throws what the first one threw when none can.
  void open() ROOM(carrier);
  /// Offers a shipment to one member, which is opened where it is not.
  Outcome offer(size_t i, Shipment shipment) ROOM(carrier);
  /// The member is not offered again what it did not take.
  void forget(size_t i, Shipment shipment) ROOM(carrier) { all_[i].member.sink->forget(shipment); }
  /// The rows that it named when it last refused some, while it took the others; it stood not alone.
  std::span<const RefusedRow> refused_rows(size_t i) const ROOM(carrier) { return all_[i].refused_rows; }
  /// It refused a row among others, which is offered alone now.
  void refuse(size_t i, const std::string& reason);

  bool is_failing(size_t i) const { return all_[i].is_failing; }
  bool has_working(size_t members) const;
  /// It fails, and it is time to ask it again.
  bool is_due(size_t i) const { return all_[i].is_failing && clock_() >= all_[i].retry_at; }
  /// Members that work again are used again.
  bool may_return() const { return fail_back_ >= 0; }
  int64_t failing_since(size_t i) const { return all_[i].failing_since; }
  /// Its last answer holds for all rows.
  bool refuses_all(size_t i) const { return all_[i].refuses_all; }
  /// What the member said last.
  const std::string& reason(size_t i) const { return all_[i].reason; }
  /// What all that fail said last.
  std::string reason() const;

  /// The least that a member says.
  size_t shipment_bytes() const ROOM(carrier);
  void reopen() ROOM(carrier);
  int64_t next_time() ROOM(carrier);
  void on_time(int64_t now) ROOM(carrier);
  void close() ROOM(carrier);

 private:
  struct One {
    GroupMember member;
    bool is_open = false;
    bool is_failing = false;
    bool refuses_all = false;
    uint32_t lone_refusals = 0;  // since it last took anything
    int64_t pause = 0;
    int64_t failing_since = 0;
    int64_t retry_at = 0;
    int64_t recovered_at = -1;
    std::string reason;
    std::span<const RefusedRow> refused_rows;  // valid until it is asked again
  };
  bool open(size_t i) ROOM(carrier);
  bool take_part(size_t i, Shipment shipment) ROOM(carrier);
  void fail(size_t i, std::string reason);
  void recover(size_t i);

  std::string group_;
  int64_t fail_back_;
  int64_t first_pause_;
  Clock clock_;
  std::vector<One> all_;
};

/// The value of an option `fail_back`: ns, or -1 for never. Throws std::invalid_argument.
int64_t read_fail_back(const std::string& text);
/// Its default.
inline constexpr const char* fail_back_text = "30s";

}  // namespace stook
