// SPDX-License-Identifier: Apache-2.0
/// Floor 2. Members: the sinks of which a group is made, as the group's plugin gets them.
#pragma once

#include <memory>
#include <string>

#include "core/api/remark.hh"
#include "core/api/sink.hh"
#include "core/base/meter.hh"

namespace stook {

/// What a member has done. One writer: the carrier of its group.
struct MemberMeter {
  Counter rows;         // taken by it
  Counter bytes;        // taken by it
  Counter failures;     // offers that it did not take
  Counter missed_rows;  // counted as delivered without it
  Gauge is_failing;     // 1 while it is not asked, or only to see how it is
  Gauge users;          // failover: so many orders of members have it as the one in use
  RemarkMeter remarks;  // what it counts itself
};

/// A sink within a group. The group asks it in its own room, as a carrier would.
struct GroupMember {
  std::string id;
  std::unique_ptr<Sink> sink;
  /// Outlives the sink.
  MemberMeter* meter;
};

}  // namespace stook
