// SPDX-License-Identifier: Apache-2.0
/// The keys that `base` makes of packets: ulogd's 62, and those of stook beyond them. Each belongs to a layer; layers none
/// of whose keys is read are not looked at.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/data/type.hh"

namespace stook {

/// In the order of the table of keys.
enum class PacketLayer : uint8_t {
  Link,
  Ip,
  Ip6,
  Ip6Chain,
  Tcp,
  TcpOptions,
  Udp,
  Icmp,
  Icmpv6,
  Sctp,
  AhEsp,
  Gre,
  Arp,
};
inline constexpr size_t packet_layers = 13;

enum PacketKey : uint8_t {
  oob_protocol,
  vlan_id,
  ip_saddr,
  ip_daddr,
  ip_protocol,
  ip_tos,
  ip_ttl,
  ip_totlen,
  ip_ihl,
  ip_csum,
  ip_id,
  ip_fragoff,
  ip6_payloadlen,
  ip6_priority,
  ip6_flowlabel,
  ip6_hoplimit,
  ip6_nexthdr,
  ip6_fragoff,
  ip6_fragid,
  tcp_sport,
  tcp_dport,
  tcp_seq,
  tcp_ackseq,
  tcp_window,
  tcp_offset,
  tcp_reserved,
  tcp_urg,
  tcp_urgp,
  tcp_ack,
  tcp_psh,
  tcp_rst,
  tcp_syn,
  tcp_fin,
  tcp_res1,
  tcp_res2,
  tcp_csum,
  tcp_mss,
  tcp_wscale,
  tcp_sack_permitted,
  tcp_tsval,
  tcp_tsecr,
  udp_sport,
  udp_dport,
  udp_len,
  udp_csum,
  icmp_type,
  icmp_code,
  icmp_echoid,
  icmp_echoseq,
  icmp_gateway,
  icmp_fragmtu,
  icmp_parameter,
  icmp_csum,
  icmpv6_type,
  icmpv6_code,
  icmpv6_echoid,
  icmpv6_echoseq,
  icmpv6_mtu,
  icmpv6_csum,
  sctp_sport,
  sctp_dport,
  sctp_csum,
  ahesp_spi,
  gre_protocol,
  gre_key,
  arp_hwtype,
  arp_protocoltype,
  arp_operation,
  arp_shwaddr,
  arp_saddr,
  arp_dhwaddr,
  arp_daddr,
};
inline constexpr size_t packet_keys = arp_daddr + 1;
/// Keys that a packet within a tunnel has too, as `inner.NAME`: [inner_begin, inner_end).
inline constexpr size_t inner_begin = ip_saddr;
inline constexpr size_t inner_end = ahesp_spi + 1;

struct PacketKeyRow {
  const char* name;
  Type type;
  PacketLayer layer;
  /// Only made for those who name it: ulogd has no such key, or does not print it.
  bool is_meta;
  const char* doc;
};
/// By PacketKey.
extern const PacketKeyRow packet_key_rows[packet_keys];

}  // namespace stook
