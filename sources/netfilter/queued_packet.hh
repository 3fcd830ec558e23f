// SPDX-License-Identifier: Apache-2.0
/// A packet that waits in a queue of the kernel for its verdict: a message of nfnetlink_queue, read from its bytes alone.
///
/// The body of a message is `struct nfgenmsg` and attributes NFQA_*; linux/netfilter/nfnetlink_queue.h is the specification.
/// All numbers are in network order.
#pragma once

#include <cstdint>
#include <string_view>

#include "sources/netfilter/logged_packet.hh"

namespace stook {

/// What both say is said as nfnetlink_log says it; `packet.group` is the queue.
struct QueuedPacket {
  LoggedPacket packet;
  uint32_t id = 0;    // numbers of a queue begin with 1
  uint32_t size = 0;  // bytes of the packet, of which fewer may have been copied
  bool has_id = false;
};

/// Reads the body of an NFQNL_MSG_PACKET. False: it is none, or an attribute is cut off.
/// REQUIRES: the body lies at a multiple of four.
[[nodiscard]] bool read_queued_packet(std::string_view body, QueuedPacket& queued);

}  // namespace stook
