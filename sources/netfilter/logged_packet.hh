// SPDX-License-Identifier: Apache-2.0
/// What the kernel says of a packet that a rule logs: a message of nfnetlink_log, read from its bytes alone.
///
/// The body of a message is `struct nfgenmsg` and attributes NFULA_*; linux/netfilter/nfnetlink_log.h is the specification.
/// All numbers are in network order.
#pragma once

#include <cstdint>
#include <string_view>

namespace stook {

/// What is known of a packet in numbers.
struct LoggedNumbers {
  uint8_t family = 0;
  uint8_t hook = 0;
  uint16_t group = 0;
  uint16_t protocol = 0;  // of the link's payload, as ETH_P_IP
  uint16_t hardware_type = 0;
  uint32_t seen = 0;  // a bit for each NFULA_*
  uint32_t mark = 0;
  uint32_t in = 0;  // interfaces by number
  uint32_t out = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t sequence = 0;
  uint32_t global_sequence = 0;
  uint64_t sec = 0;  // since 1970
  uint64_t usec = 0;
};

/// The packet itself, and texts. They point into the message.
struct LoggedBytes {
  std::string_view payload;
  std::string_view prefix;
  std::string_view mac;         // the header of the link
  std::string_view mac_source;  // the sender's address
  std::string_view conntrack;   // nested attributes CTA_*
};

/// A packet and what is known of it. What `has` denies is 0 or empty.
struct LoggedPacket : LoggedNumbers, LoggedBytes {
  bool has(int attribute) const { return (seen >> attribute & 1) != 0; }
  /// Back to nothing. In two steps: of more bytes than either has the compiler makes a `rep stos`, which costs as much as
  /// three attributes do.
  void clear() {
    LoggedNumbers::operator=({});
    LoggedBytes::operator=({});
  }
};

/// Takes one attribute NFULA_*, and notes that it was there. False: it is cut off.
[[nodiscard]] bool take_logged_attribute(int type, std::string_view bytes, LoggedPacket& packet);

/// Reads the body of an NFULNL_MSG_PACKET. False: it is none, or an attribute is cut off.
/// REQUIRES: the body lies at a multiple of four.
[[nodiscard]] bool read_logged_packet(std::string_view body, LoggedPacket& packet);

}  // namespace stook
