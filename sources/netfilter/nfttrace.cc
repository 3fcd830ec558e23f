// SPDX-License-Identifier: Apache-2.0
/// nfttrace: the way of packets through the rules of nftables, a row for each step, as `nft monitor trace` has it.
///
/// Rules say which packets are traced:
///
///     nft add rule inet filter input tcp dport 22 meta nftrace set 1
///
///     stack=way:NFTTRACE,base:BASE,out:JSON
///
/// Rows of a packet:
///
///     trace.id=2817401532 trace.type=rule trace.verdict=continue nft.family=inet nft.table=filter nft.chain=input nft.handle=4
///     raw.pkt=… oob.ifindex_in=2 oob.family=2 oob.protocol=2048
///     trace.id=2817401532 trace.type=rule trace.verdict=accept nft.family=inet nft.table=filter nft.chain=input nft.handle=7
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <string>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "sources/netfilter/listening_source.hh"
#include "sources/netfilter/nft_object.hh"
#include "sources/netfilter/nft_trace.hh"

namespace stook {

namespace {

constexpr Option options[] = {
    option<&ListeningConfig::buffer>("netlink_socket_buffer_size", "4194304",
                                     "bytes that the kernel holds; 0 is the system's default", {0, 1073741824}),
    option<&ListeningConfig::buffer_most>("netlink_socket_buffer_maxsize", "0",
                                          "bytes up to which that grows when it was full; 0 is 32 MiB",
                                          {0, 1073741824}),
    option<&ListeningConfig::netns>("netns", "", "network namespace to listen in, a name or a path; empty: one's own"),
};

enum TraceKey : size_t {
  trace_id,
  trace_type,
  trace_verdict,
  trace_target,
  trace_policy,
  trace_family,
  trace_table,
  trace_chain,
  trace_handle,
  trace_packet,
  trace_size,
  trace_count,
  trace_in,
  trace_out,
  trace_mark,
  trace_oob_family,
  trace_protocol,
  trace_link,
  trace_time
};

void declare(void*, std::string_view, Wiring& wiring) {
  wiring.writes = {{"trace.id", Type::Unsigned, "", "the packet, on its way through one hook", false},
                   {"trace.type", Type::Text, "", "rule, policy or return", false},
                   {"trace.verdict", Type::Text, "", "accept, drop, continue, jump, goto, return and the like", false},
                   {"trace.target", Type::Text, "", "the chain that is jumped to", false},
                   {"trace.policy", Type::Text, "", "the chain's policy, where that decided", false},
                   {"nft.family", Type::Text, "", "the table's: inet, ip, ip6, arp, bridge or netdev", false},
                   {"nft.table", Type::Text, "", "the table", false},
                   {"nft.chain", Type::Text, "", "the chain", false},
                   {"nft.handle", Type::Unsigned, "", "the rule; nft -a list ruleset shows it", false},
                   {"raw.pkt", Type::Bytes, "", "headers of network and transport, of the packet's first step", true},
                   {"raw.pktlen", Type::Unsigned, "B", "bytes of raw.pkt", false},
                   {"raw.pktcount", Type::Unsigned, "", "1, on the packet's first step", false},
                   {"oob.ifindex_in", Type::Unsigned, "", "the interface it came by, by number", false},
                   {"oob.ifindex_out", Type::Unsigned, "", "the interface it leaves by, by number", false},
                   {"oob.mark", Type::Unsigned, "", "the packet's mark", false},
                   {"oob.family", Type::Unsigned, "", "2 IPv4, 10 IPv6, 7 bridge, 3 ARP, 5 netdev", false},
                   {"oob.protocol", Type::Unsigned, "", "what the link carries: 2048 IPv4, 34525 IPv6", false},
                   {"raw.mac", Type::Bytes, "", "the header of the link, of the packet's first step", true},
                   {"recv.time", Type::Time, "", "when it was read", true}};
}

/// *Rooms:* its front.
class Nfttrace final : public ListeningSource {
 public:
  explicit Nfttrace(const ListeningConfig& config) : ListeningSource(config, NFNLGRP_NFTRACE, "traces of nftables") {}

 protected:
  bool is_row(const NetlinkMessage& message) const override ROOM(front) {
    return message.type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE);
  }
  Made put(Bundle& bundle, const NetlinkMessage& message, size_t row) override ROOM(front);

 private:
  void fill(Bundle& bundle, const NftTrace& trace) ROOM(front);
  void fill_packet(Bundle& bundle, Row row, const NftTrace& trace) ROOM(front);
  void set(Bundle& bundle, Row row, TraceKey key, const Cell& cell) ROOM(front) {
    if (KeyId id = feed().out(key); id != no_key) {
      bundle.put(id, row, cell);
    }
  }
};

Nfttrace::Made Nfttrace::put(Bundle& bundle, const NetlinkMessage& message, size_t row) {
  if (row > 0) {
    return Made::Nothing;
  }
  NftTrace trace;
  if (!read_nft_trace(message.body, trace)) {
    return Made::Unreadable;
  }
  fill(bundle, trace);
  return Made::One;
}

void Nfttrace::fill(Bundle& bundle, const NftTrace& trace) {
  Row row = bundle.append();
  auto text = [&](TraceKey key, std::string_view value) ROOM(front) {
    if (!value.empty()) {
      set(bundle, row, key, Cell::of_text(bundle.arena().copy(value)));
    }
  };
  auto number = [&](TraceKey key, uint64_t value) ROOM(front) {
    if (value != 0) {
      set(bundle, row, key, Cell::of_unsigned(value));
    }
  };
  number(trace_id, trace.id);
  text(trace_type, trace.kind);
  text(trace_verdict, trace.verdict);
  text(trace_target, trace.target);
  text(trace_policy, trace.policy);
  text(trace_family, nft_family(trace.family));
  text(trace_table, trace.table);
  text(trace_chain, trace.chain);
  number(trace_handle, trace.handle);
  number(trace_in, trace.in);
  number(trace_out, trace.out);
  set(bundle, row, trace_mark, Cell::of_unsigned(trace.mark));
  set(bundle, row, trace_time, Cell::of_time(wall_ns()));
  if (!trace.network_header.empty()) {
    fill_packet(bundle, row, trace);
  }
}

/// So that BASE reads it as it reads other packets. Its end is missing.
void Nfttrace::fill_packet(Bundle& bundle, Row row, const NftTrace& trace) {
  constexpr uint64_t ether_ip = 0x0800;
  constexpr uint64_t ether_ip6 = 0x86dd;
  size_t size = trace.network_header.size() + trace.transport_header.size();
  if (feed().out(trace_packet) != no_key) {
    std::string packet(trace.network_header);
    packet += trace.transport_header;
    set(bundle, row, trace_packet, Cell::of_slice(Type::Bytes, bundle.arena().copy(packet)));
  }
  set(bundle, row, trace_size, Cell::of_unsigned(size));
  set(bundle, row, trace_count, Cell::of_unsigned(1));
  if (feed().out(trace_link) != no_key && !trace.link_header.empty()) {
    set(bundle, row, trace_link, Cell::of_slice(Type::Bytes, bundle.arena().copy(trace.link_header)));
  }
  unsigned version = static_cast<unsigned char>(trace.network_header[0]) >> 4;
  bool is_ip = trace.protocol == NFPROTO_IPV4 || (trace.protocol != NFPROTO_IPV6 && version == 4);
  bool is_ip6 = trace.protocol == NFPROTO_IPV6 || (trace.protocol != NFPROTO_IPV4 && version == 6);
  set(bundle, row, trace_oob_family, Cell::of_unsigned(trace.protocol != 0 ? trace.protocol : trace.family));
  if (is_ip || is_ip6) {
    set(bundle, row, trace_protocol, Cell::of_unsigned(is_ip ? ether_ip : ether_ip6));
  }
}

void needs_of(const void* config, Needs& needs) {
  add_netlink_needs(static_cast<const ListeningConfig*>(config)->netns, needs);
}

}  // namespace

extern const Plugin source_nfttrace;
const Plugin source_nfttrace = {
    .kind = Kind::Source,
    .name = "nfttrace",
    .doc = "The way of packets through the rules of nftables",
    .options = options,
    .config = config_type<ListeningConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<Nfttrace, ListeningConfig>,
};

}  // namespace stook
