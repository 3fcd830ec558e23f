// SPDX-License-Identifier: Apache-2.0
/// Open flows, found by their key. Room: the worker that runs the filter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "filters/packet/meter_flows/flow.hh"

namespace stook {

/// ns; `most` open flows.
struct MeterRules {
  int64_t active;
  int64_t inactive;
  int64_t closed;
  size_t most;
};

/// An open-addressed index of 8 bytes a slot over flows that keep their place until they have been handed on.
///
/// A packet that comes `inactive` after the one before it, or `closed` after the end of its TCP connection, begins
/// another flow; so does one that comes `active` after its flow's begin, or `inactive` before its last packet, when
/// time has gone back. That is found when the packet comes, or by `look`, whichever is first, with the same result.
/// When `most` flows are open a new one ends the one of the next few that has been silent longest.
///
/// *Invariants:* both arrays are as long from the begin as they will ever be, in memory that is not there before it is
/// used; ended flows stand in a queue. At most `most_ended` end between two calls of `drop_ended` by packets.
class MeterTable {
 public:
  static constexpr size_t most_ended = 1024;
  static constexpr size_t most_flows = 100'000'000;

  explicit MeterTable(const MeterRules& rules);

  /// The packet's flow will be asked for: its slot is fetched, and then its flow.
  void fetch_slot(uint32_t hash) const { __builtin_prefetch(&slots_[hash & mask_]); }
  void fetch_flow(uint32_t hash) const;
  /// Adds the packet to its flow.
  void take(const MeteredPacket& packet);
  /// Looks at so many places, on from where it was: flows whose time is over at `clock` end.
  void look(size_t places, int64_t clock);
  /// All open flows end.
  void end_all();

  size_t open() const { return open_; }
  /// Places that have been in use so far.
  size_t places() const { return used_; }
  /// Flows that ended because there were too many.
  uint64_t evicted() const { return evicted_; }
  size_t ended() const { return ended_; }
  /// The one that ended first. REQUIRES: ended() > 0.
  const MeteredFlow& first_ended() const { return flows_[first_ended_]; }
  void drop_ended();

 private:
  struct Slot {
    uint32_t hash;
    uint32_t place;  // counted from 1; 0: the slot is empty
  };
  struct Release {
    void operator()(void* memory) const { std::free(memory); }
  };
  static constexpr uint32_t none = UINT32_MAX;

  size_t slot_of(const MeteredPacket& packet) const;
  FlowEnd end_of(const MeteredFlow& flow, const MeteredPacket& packet) const;
  bool is_over(const MeteredFlow& flow, int64_t time) const;
  void end(uint32_t place, FlowEnd why);
  void queue(uint32_t place, FlowEnd why);
  void remove_slot(uint32_t place);
  uint32_t begin(const MeteredPacket& packet);
  void evict();

  MeterRules rules_;
  size_t mask_;
  std::unique_ptr<Slot[], Release> slots_;
  std::unique_ptr<MeteredFlow[], Release> flows_;
  size_t used_ = 0;
  size_t open_ = 0;
  size_t hand_ = 0;  // the place that is looked at next
  uint64_t evicted_ = 0;
  uint32_t free_ = none;
  size_t ended_ = 0;
  uint32_t first_ended_ = none;
  uint32_t last_ended_ = none;
};

}  // namespace stook
