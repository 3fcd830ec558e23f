// SPDX-License-Identifier: Apache-2.0
/// Link layers of captured packets: what stands before the network layer, and where that begins. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "sources/pcap/reader.hh"

namespace stook {

/// A captured packet taken apart, down to its network layer. What a link layer does not say is absent: texts without data,
/// numbers below 0.
struct LinkFrame {
  std::string_view packet;  // the network layer
  int family = -1;          // AF_INET 2, AF_INET6 10, NFPROTO_ARP 3, as NFLOG says it
  int protocol = -1;        // EtherType
  int type = -1;            // ARPHRD_*
  int vlan = -1;
  int hook = -1;
  int64_t mark = -1;
  int64_t in = -1;  // interface index
  int64_t out = -1;
  int64_t uid = -1;
  int64_t gid = -1;
  int64_t number = -1;  // NFLOG's sequence number
  int64_t number_global = -1;
  std::string_view mac;     // the whole link-layer header
  std::string_view sender;  // the sender's link-layer address
  std::string_view prefix;
};

/// Whether packets of this link type are understood.
bool is_known_link(uint16_t link);
/// Takes a packet apart; false: it ends within its link layer. REQUIRES: is_known_link.
[[nodiscard]] bool open_frame(const CapturedPacket& packet, LinkFrame& frame);
/// The same for the link type NFLOG (239), in sources/pcap/nflog.cc.
[[nodiscard]] bool open_nflog(const CapturedPacket& packet, LinkFrame& frame);
/// The family that NFLOG has for an EtherType, or -1.
int family_of(int protocol);
/// The EtherType of a packet that begins with an IP header, by its version, or -1.
int protocol_of(std::string_view packet);

}  // namespace stook
