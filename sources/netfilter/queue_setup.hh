// SPDX-License-Identifier: Apache-2.0
/// What is asked of nfnetlink_queue before packets come, and when no more are wanted. Room: the source's front.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/room.hh"
#include "sources/netfilter/netlink.hh"

namespace stook {

/// How a queue is bound.
struct QueueRules {
  uint8_t copy_mode = 2;  // NFQNL_COPY_*
  uint32_t copy_range = 0xffff;
  uint32_t length = 1024;     // packets that wait
  bool is_fail_open = false;  // what finds it full goes on
  bool has_large = false;     // packets as the machine holds them, not yet cut for the wire
  bool has_owner = false;     // uid and gid of the sender's socket
};

/// Throws SetupError: CAP_NET_ADMIN is missing, or the kernel has no queues.
void prepare_queues(NetlinkSocket& socket) ROOM(front);

/// A request on a queue, to be filled by what follows.
NetlinkRequest queue_request(uint16_t queue, uint32_t sequence);
void put_bind(NetlinkRequest& request, const QueueRules& rules);
void put_unbind(NetlinkRequest& request);
/// Sets the flags NFQA_CFG_F_* that `which` names to those of `flags`.
void put_flags(NetlinkRequest& request, uint32_t which, uint32_t flags);

/// Who has the queue, as /proc says of this process's namespace: `port id 4711`, which mostly is a process; else empty.
std::string holder_of_queue(uint16_t queue);

}  // namespace stook
