// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Which members of a group took rows that a trace follows, seen by what their meters count meanwhile.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/api/group.hh"
#include "core/api/sink.hh"
#include "core/plan/plan.hh"

namespace stook {

/// Lives while a group is asked. Where no row is followed, or the sink is no group, it is empty.
/// *Rooms:* the carrier of the group.
class MemberFates {
 public:
  /// Before the group is asked: its meters, or null. `is_first`: for the first time.
  MemberFates(const Instance& group, const MemberMeter* meters, Shipment shipment, bool is_first) ROOM(carrier);
  /// The group has taken the shipment: says so of the rows that are followed, and who has them.
  void tell(Shipment shipment) const ROOM(carrier);

 private:
  struct Counts {
    uint64_t rows;
    uint64_t missed;
  };
  std::string who() const;

  const Instance& group_;
  const MemberMeter* meters_;
  bool is_first_;
  std::vector<Counts> before_;  // by member; empty: nobody wants to know
};

}  // namespace stook
