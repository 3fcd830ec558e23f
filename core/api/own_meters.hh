// SPDX-License-Identifier: Apache-2.0
/// Floor 2. The daemon's own meters, for the source `self`: the engine offers them, so that no plugin knows the engine.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stook {

/// What one element has done since start; the columns of the ledger.
struct OwnMeter {
  std::string id;
  std::string_view kind;
  std::string plugin;
  uint64_t in = 0;
  uint64_t out = 0;
  uint64_t disposed = 0;
  uint64_t dropped = 0;
  uint64_t lettered = 0;
  uint64_t spooled = 0;
  uint64_t in_flight = 0;
  uint64_t bytes = 0;
  uint64_t retries = 0;
  /// What cost no row, by name. Without those that are 0.
  std::vector<std::pair<std::string_view, uint64_t>> remarks;
};
using OwnMeters = std::function<std::vector<OwnMeter>()>;

/// Main: who says them; empty: nobody any more. `owner` tells which offer is taken back.
void offer_own_meters(const void* owner, OwnMeters meters);
void withdraw_own_meters(const void* owner);
/// The meters now. Only main may ask, as it alone may look at the engine: `may_ask_own_meters` says whether the caller
/// is the thread that offered them.
std::vector<OwnMeter> own_meters();
bool may_ask_own_meters();

}  // namespace stook
