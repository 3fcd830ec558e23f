// SPDX-License-Identifier: Apache-2.0
/// What printpkt reads.
#include "filters/packet/packet_text.hh"

namespace stook {

namespace {
constexpr Type number_type = Type::Unsigned;
constexpr Type truth_type = Type::Boolean;
}  // namespace

const PrintKeyRow print_key_rows[print_keys] = {
    {"oob.family", number_type},     {"oob.protocol", number_type},   {"oob.prefix", Type::Text},
    {"oob.in", Type::Text},          {"oob.out", Type::Text},         {"oob.mark", number_type},
    {"raw.mac", Type::Bytes},        {"oob.uid", number_type},        {"oob.gid", number_type},
    {"ip.saddr.str", Type::Text},    {"ip.daddr.str", Type::Text},    {"ip.totlen", number_type},
    {"ip.tos", number_type},         {"ip.ttl", number_type},         {"ip.id", number_type},
    {"ip.fragoff", number_type},     {"ip.protocol", number_type},    {"ip6.payloadlen", number_type},
    {"ip6.priority", number_type},   {"ip6.hoplimit", number_type},   {"ip6.flowlabel", number_type},
    {"ip6.nexthdr", number_type},    {"ip6.fragoff", number_type},    {"ip6.fragid", number_type},
    {"tcp.sport", number_type},      {"tcp.dport", number_type},      {"tcp.seq", number_type},
    {"tcp.ackseq", number_type},     {"tcp.window", number_type},     {"tcp.urg", truth_type},
    {"tcp.ack", truth_type},         {"tcp.psh", truth_type},         {"tcp.rst", truth_type},
    {"tcp.syn", truth_type},         {"tcp.fin", truth_type},         {"tcp.urgp", number_type},
    {"udp.sport", number_type},      {"udp.dport", number_type},      {"udp.len", number_type},
    {"icmp.type", number_type},      {"icmp.code", number_type},      {"icmp.echoid", number_type},
    {"icmp.echoseq", number_type},   {"icmp.gateway", Type::Address}, {"icmp.fragmtu", number_type},
    {"icmp.parameter", number_type}, {"icmpv6.type", number_type},    {"icmpv6.code", number_type},
    {"icmpv6.echoid", number_type},  {"icmpv6.echoseq", number_type}, {"ahesp.spi", number_type},
    {"arp.operation", number_type},  {"arp.shwaddr", Type::Bytes},    {"arp.saddr.str", Type::Text},
    {"arp.daddr.str", Type::Text},   {"sctp.sport", number_type},     {"sctp.dport", number_type},
};

}  // namespace stook
