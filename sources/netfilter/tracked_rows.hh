// SPDX-License-Identifier: Apache-2.0
/// Rows of tracked connections, with ulogd's keys. Room: the source's front.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/api/plugin.hh"
#include "core/api/source.hh"
#include "sources/netfilter/tracked_flow.hh"

namespace stook {

/// As ulogd's `ct.event` and `event_mask` have them.
enum class FlowEvent : uint32_t { New = 1, Update = 2, Destroy = 4 };

/// What is known beyond the kernel's message. Times are ns since 1970, 0: not known.
struct FlowNews {
  FlowEvent event = FlowEvent::New;
  int64_t start = 0;
  int64_t end = 0;
  /// It was found missing after messages were lost.
  bool is_resync = false;
  /// What it carried since the row before, and IANA's reason for this one: 2 it goes on, 3 it has ended. Reason 0: rows are
  /// of whole connections.
  CarriedCounts since;
  uint8_t reason = 0;
};

void declare_tracked_keys(Wiring& wiring);
/// Appends a row. `body`: the message that the flow was read from. REQUIRES: bundle.has_room().
void put_tracked_row(Feed& feed, Bundle& bundle, const TrackedFlow& flow, const FlowNews& news, std::string_view body)
    ROOM(front);

}  // namespace stook
