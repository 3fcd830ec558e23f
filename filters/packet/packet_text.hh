// SPDX-License-Identifier: Apache-2.0
/// The line that printpkt writes of a packet. Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/arena.hh"
#include "core/data/column.hh"

namespace stook {

enum PrintKey : size_t {
  print_family,
  print_protocol,
  print_prefix,
  print_in,
  print_out,
  print_mark,
  print_mac,
  print_uid,
  print_gid,
  print_saddr,
  print_daddr,
  print_totlen,
  print_tos,
  print_ttl,
  print_id,
  print_fragoff,
  print_ip_protocol,
  print_payloadlen,
  print_priority,
  print_hoplimit,
  print_flowlabel,
  print_nexthdr,
  print_fragoff6,
  print_fragid6,
  print_tcp_sport,
  print_tcp_dport,
  print_seq,
  print_ackseq,
  print_window,
  print_urg,
  print_ack,
  print_psh,
  print_rst,
  print_syn,
  print_fin,
  print_urgp,
  print_udp_sport,
  print_udp_dport,
  print_udp_len,
  print_icmp_type,
  print_icmp_code,
  print_echoid,
  print_echoseq,
  print_gateway,
  print_fragmtu,
  print_parameter,
  print_type6,
  print_code6,
  print_echoid6,
  print_echoseq6,
  print_spi,
  print_operation,
  print_arp_hardware,
  print_arp_saddr,
  print_arp_daddr,
  print_sctp_sport,
  print_sctp_dport,
  print_keys
};

struct PrintKeyRow {
  const char* name;
  Type type;
};
/// By PrintKey.
extern const PrintKeyRow print_key_rows[print_keys];

/// The line of a row, in the arena. `columns`: by PrintKey, null where there is none. `is_compatible`: as ulogd writes it, where
/// that is wrong, too.
std::string_view print_packet(Arena& arena, const Column* const* columns, Row row, bool is_compatible = false);

}  // namespace stook
