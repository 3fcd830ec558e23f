// SPDX-License-Identifier: Apache-2.0
/// What the kernel says of a connection that it tracks: a message of nfnetlink_conntrack, read from its bytes alone.
///
/// The body of a message is `struct nfgenmsg` and nested attributes CTA_*; linux/netfilter/nfnetlink_conntrack.h is the
/// specification. All numbers are in network order, times are ns since 1970.
#pragma once

#include <cstdint>
#include <string_view>

namespace stook {

/// One direction of a connection. Addresses have 4 or 16 bytes and point into the message.
struct FlowDirection {
  std::string_view source;
  std::string_view destination;
  uint8_t protocol = 0;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint8_t icmp_type = 0;
  uint8_t icmp_code = 0;
  uint64_t packets = 0;
  uint64_t bytes = 0;
};

/// What a connection has carried.
struct CarriedCounts {
  uint64_t orig_packets = 0;
  uint64_t orig_bytes = 0;
  uint64_t reply_packets = 0;
  uint64_t reply_bytes = 0;
  bool is_zero() const { return orig_packets == 0 && reply_packets == 0; }
  friend bool operator==(const CarriedCounts&, const CarriedCounts&) = default;
};

struct TrackedFlow {
  uint8_t family = 0;
  FlowDirection orig;
  FlowDirection reply;
  uint32_t mark = 0;
  uint32_t id = 0;
  uint16_t zone = 0;  // of the direction from the one who began it
  int64_t start = 0;  // 0: not said
  int64_t stop = 0;
  int64_t told = 0;  // when the event was, of kernels that say so
  bool has_ports = false;
  bool has_icmp = false;
  bool has_counters = false;

  CarriedCounts counts() const { return {orig.packets, orig.bytes, reply.packets, reply.bytes}; }
};

/// What came on top of what was counted before. A counter that is smaller than before was reset meanwhile.
CarriedCounts counts_since(const CarriedCounts& now, const CarriedCounts& before);

/// Reads the body of an IPCTNL_MSG_CT_NEW or _DELETE. False: it is none, or an attribute is cut off.
/// REQUIRES: the body lies at a multiple of four.
[[nodiscard]] bool read_tracked_flow(std::string_view body, TrackedFlow& flow);

}  // namespace stook
