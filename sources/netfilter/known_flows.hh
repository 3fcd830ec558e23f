// SPDX-License-Identifier: Apache-2.0
/// The connections that a source has heard of, so that their begin is known at their end, and so that those whose end was not told
/// are found. Room: the source's front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sources/netfilter/tracked_flow.hh"

namespace stook {

/// A connection as it was last heard of.
struct KnownFlow {
  std::string body;      // the kernel's message
  int64_t start = 0;     // ns since 1970, 0: not known
  CarriedCounts counts;  // what rows have told of it
  uint64_t round = 0;
};

/// *Invariants:* holds at most `most` connections. *Rooms:* its source's front.
class KnownFlows {
 public:
  explicit KnownFlows(size_t most) : most_(most) {}

  /// Heard of: kept, or renewed. False: there is no room for it.
  bool hear(uint32_t id, std::string_view body, int64_t start);
  /// Takes it out. False: it was not known.
  [[nodiscard]] bool take(uint32_t id, KnownFlow& flow);
  /// The one with this number, or null. Valid until something is heard or taken.
  [[nodiscard]] KnownFlow* find(uint32_t id);
  size_t size() const { return flows_.size(); }

  /// A list of all begins: who is not heard of until `end_round` is gone.
  void begin_round() { round_++; }
  /// Moves to the gone ones who were not heard of in this round.
  void end_round();
  /// One of those; false when there is none.
  [[nodiscard]] bool take_gone(KnownFlow& flow);

 private:
  std::unordered_map<uint32_t, KnownFlow> flows_;
  std::vector<KnownFlow> gone_;
  size_t most_;
  uint64_t round_ = 0;
};

}  // namespace stook
