// SPDX-License-Identifier: Apache-2.0
/// What a collector of flows counts beside rows. Room: any; each count is one meter of the instance.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/api/script_meters.hh"

namespace stook {

/// LostRecords, LostMessages: never came, as a gap in an exporter's sequence tells. NoTemplate: sets of data that were given
/// up because their template did not come. Late: messages that came behind their successors. Restarts: sequences that began
/// anew. Evicted: templates forgotten because there were too many. Refused: templates that are none, or too large.
enum class FlowCount : uint8_t { LostRecords, LostMessages, NoTemplate, Late, Restarts, Evicted, Refused };
inline constexpr size_t flow_counts = 7;

class FlowCounts {
 public:
  explicit FlowCounts(std::string_view instance);
  void count(FlowCount what, uint64_t number = 1) { meters_[static_cast<size_t>(what)]->count(number); }

 private:
  std::array<std::shared_ptr<ScriptMeter>, flow_counts> meters_;
};

}  // namespace stook
