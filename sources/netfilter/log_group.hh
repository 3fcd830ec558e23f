// SPDX-License-Identifier: Apache-2.0
/// A group of nfnetlink_log, bound to a socket: the packets of rules that log to it. Room: the source's front.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/room.hh"
#include "sources/netfilter/netlink.hh"

namespace stook {

/// How a group is bound. Zeros leave the kernel's own: 100 packets, a second.
struct LogGroupRules {
  uint16_t group = 0;
  uint8_t copy_mode = 2;  // NFULNL_COPY_*
  uint32_t copy_range = 0xffff;
  uint32_t threshold = 512;  // two bundles
  uint32_t timeout = 25;     // in 10 ms
  bool has_global_sequence = false;
  bool is_system_logger = false;
  bool is_former_unbound = false;
};

/// The requests that a source of logged packets makes. Answers to `bind` and what follows come between the packets, and are told
/// by `answered`.
/// *Rooms:* its source's front.
class LogGroup {
 public:
  explicit LogGroup(const LogGroupRules& rules) : rules_(rules) {}

  /// Makes the kernel's own logging (invalid connections, and rules that log without a group) go to nfnetlink_log, where that
  /// is asked for. Throws SetupError: CAP_NET_ADMIN is missing.
  void prepare(NetlinkSocket& socket) ROOM(front);
  /// Asks for the group; each `false`: `errno` says why.
  [[nodiscard]] bool bind(NetlinkSocket& socket) ROOM(front);
  [[nodiscard]] bool ask_conntrack(NetlinkSocket& socket) ROOM(front);
  [[nodiscard]] bool unbind(NetlinkSocket& socket) ROOM(front);

  enum class Request : uint8_t { None, Bind, Conntrack, Unbind };
  /// What the answer with this number is to.
  Request answered(uint32_t sequence) const;

 private:
  NetlinkRequest request(uint8_t family, uint16_t group, uint32_t sequence) const;
  uint16_t flags() const;

  const LogGroupRules rules_;
};

/// Who has the group, as /proc says of this process's namespace: `port id 4711`, which mostly is a process; else empty.
std::string holder_of_group(uint16_t group);

}  // namespace stook
