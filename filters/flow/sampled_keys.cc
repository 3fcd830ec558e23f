// SPDX-License-Identifier: Apache-2.0
#include "filters/flow/sampled_keys.hh"

namespace stook {

std::vector<Key> sampled_keys() {
  return {
      {"sflow.kind", Type::Text, "", "flow or counters", false},
      {"sflow.agent", Type::Address, "", "who took the sample", false},
      {"sflow.sub_agent", Type::Unsigned, "", "which of its processes", true},
      {"sflow.source", Type::Unsigned, "", "where it was taken, an interface", false},
      {"sampling.interval", Type::Unsigned, "", "one packet in so many was looked at", false},
      {"sflow.pool", Type::Unsigned, "", "packets that could have been taken so far", true},
      {"sflow.drops", Type::Unsigned, "", "samples that the agent has lost so far", true},
      {"oob.ifindex_in", Type::Unsigned, "", "interface it came in by", false},
      {"oob.ifindex_out", Type::Unsigned, "", "interface it leaves by", false},
      {"dataLinkFrameSize", Type::Unsigned, "bytes", "length of the frame on the wire", false},
      {"raw.pkt", Type::Bytes, "", "the packet's begin, from its network layer on", true},
      {"raw.pktlen", Type::Unsigned, "bytes", "length of raw.pkt", false},
      {"raw.pktcount", Type::Unsigned, "", "1", false},
      {"raw.mac", Type::Bytes, "", "the link-layer header", true},
      {"raw.mac_len", Type::Unsigned, "bytes", "length of raw.mac", false},
      {"raw.type", Type::Unsigned, "", "kind of the link layer, ARPHRD_*: 1 is Ethernet", false},
      {"oob.family", Type::Unsigned, "", "2 IPv4, 10 IPv6, 3 ARP", false},
      {"oob.protocol", Type::Unsigned, "", "EtherType of raw.pkt", false},
      {"vlan.id", Type::Unsigned, "", "of the outermost 802.1Q tag", true},
      {"orig.ip.saddr", Type::Address, "", "of agents that send no header", false},
      {"orig.ip.daddr", Type::Address, "", "of agents that send no header", false},
      {"orig.ip.protocol", Type::Unsigned, "", "of agents that send no header", false},
      {"orig.l4.sport", Type::Unsigned, "", "of agents that send no header", false},
      {"orig.l4.dport", Type::Unsigned, "", "of agents that send no header", false},
  };
}

}  // namespace stook
