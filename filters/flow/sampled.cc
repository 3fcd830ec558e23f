// SPDX-License-Identifier: Apache-2.0
#include "filters/flow/sampled.hh"

#include <span>

#include "core/data/endian.hh"
#include "filters/flow/sampled_keys.hh"

namespace stook {

namespace {

constexpr uint32_t ether_ipv4 = 0x0800;
constexpr uint32_t ether_arp = 0x0806;
constexpr uint32_t ether_ipv6 = 0x86dd;
constexpr size_t ethernet_head = 14;
constexpr uint64_t arphrd_ether = 1;

/// A counter of a record: its name in the specification, and whether it has 8 bytes.
struct SflowCounter {
  const char* name;
  bool is_long = false;
};
constexpr SflowCounter interface_counters[] = {
    {"ifIndex"},           {"ifType"},           {"ifSpeed", true},      {"ifDirection"},
    {"ifStatus"},          {"ifInOctets", true}, {"ifInUcastPkts"},      {"ifInMulticastPkts"},
    {"ifInBroadcastPkts"}, {"ifInDiscards"},     {"ifInErrors"},         {"ifInUnknownProtos"},
    {"ifOutOctets", true}, {"ifOutUcastPkts"},   {"ifOutMulticastPkts"}, {"ifOutBroadcastPkts"},
    {"ifOutDiscards"},     {"ifOutErrors"},      {"ifPromiscuousMode"}};
constexpr SflowCounter ethernet_counters[] = {{"dot3StatsAlignmentErrors"},
                                              {"dot3StatsFCSErrors"},
                                              {"dot3StatsSingleCollisionFrames"},
                                              {"dot3StatsMultipleCollisionFrames"},
                                              {"dot3StatsSQETestErrors"},
                                              {"dot3StatsDeferredTransmissions"},
                                              {"dot3StatsLateCollisions"},
                                              {"dot3StatsExcessiveCollisions"},
                                              {"dot3StatsInternalMacTransmitErrors"},
                                              {"dot3StatsCarrierSenseErrors"},
                                              {"dot3StatsFrameTooLongs"},
                                              {"dot3StatsInternalMacReceiveErrors"},
                                              {"dot3StatsSymbolErrors"}};

bool is_tag(uint32_t protocol) {
  return protocol == 0x8100 || protocol == 0x88a8 || protocol == 0x9100;
}

}  // namespace

void SampledRows::set(size_t key, const Cell& cell) {
  if (Column* column = batch_->write(batch_->out(first_key_ + key))) {
    column->set(row_, cell);
  }
}

void SampledRows::set_open(std::string_view name, const Cell& cell) {
  KeyId key = batch_->keys().intern(name);
  if (key == no_key) {
    batch_->meter().keys_lost.add(1);
    return;
  }
  batch_->bundle().put(key, row_, cell);
}

void SampledRows::put(Batch& batch, Row row, const SflowSample& sample, const SflowHead& head) {
  batch_ = &batch;
  row_ = row;
  set(sampled_kind, Cell::of_text(sample.is_flow() ? "flow" : "counters"));
  set(sampled_agent, Cell::of_slice(Type::Address, head.agent));
  set_number(sampled_sub_agent, head.sub_agent);
  if (sample.is_flow()) {
    put_flow(sample);
  } else {
    put_counters(sample);
  }
}

// Sequence number, source, rate, pool, drops, input, output, and records. An expanded sample has kinds beside the indices.
void SampledRows::put_flow(const SflowSample& sample) {
  constexpr uint32_t index_bits = 0x00ffffff;
  constexpr uint32_t interface_bits = 0x3fffffff;
  constexpr uint32_t kind_bits = 0xc0000000;
  XdrReader reader(sample.body);
  (void)reader.number();
  uint32_t source = reader.number();
  set_number(sampled_source, sample.is_expanded() ? reader.number() : source & index_bits);
  set_number(sampled_interval, reader.number());
  set_number(sampled_pool, reader.number());
  set_number(sampled_drops, reader.number());
  for (size_t key : {sampled_in, sampled_out}) {
    uint32_t first = reader.number();
    bool is_interface = sample.is_expanded() ? first == 0 : (first & kind_bits) == 0;
    uint32_t index = sample.is_expanded() ? reader.number() : first & interface_bits;
    if (is_interface && index != interface_bits && index != 0) {
      set_number(key, index);
    }
  }
  for (uint32_t left = reader.number(); left > 0 && !reader.is_cut(); left--) {
    SflowSample record;
    if (next_sample(reader, record)) {
      put_flow_record(record.format, record.body);
    }
  }
}

void SampledRows::put_flow_record(uint32_t format, std::string_view body) {
  enum FlowRecordFormat : uint32_t { header = 1, ipv4 = 3, ipv6 = 4, extended_switch = 1001, extended_router = 1002 };
  XdrReader record(body);
  switch (format) {
    case header:
      put_header(record);
      break;
    case ipv4:
      put_addresses(record, 4);
      break;
    case ipv6:
      put_addresses(record, 16);
      break;
    case extended_switch:
      set_open("vlanId", Cell::of_unsigned(record.number()));
      set_open("dot1qPriority", Cell::of_unsigned(record.number()));
      set_open("postVlanId", Cell::of_unsigned(record.number()));
      break;
    case extended_router:
      put_router(record);
      break;
    default:
      put_unknown(format, body);
  }
}

/// Next hop, and how many bits of the addresses are those of their networks.
void SampledRows::put_router(XdrReader& record) {
  bool is_six = record.number() == 2;
  std::string_view hop = record.bytes(is_six ? 16 : 4);
  uint32_t source_bits = record.number();
  uint32_t target_bits = record.number();
  if (record.is_cut()) {
    return;
  }
  set_open(is_six ? "ipNextHopIPv6Address" : "ipNextHopIPv4Address", Cell::of_slice(Type::Address, hop));
  set_open(is_six ? "sourceIPv6PrefixLength" : "sourceIPv4PrefixLength", Cell::of_unsigned(source_bits));
  set_open(is_six ? "destinationIPv6PrefixLength" : "destinationIPv4PrefixLength", Cell::of_unsigned(target_bits));
}

void SampledRows::put_header(XdrReader& record) {
  enum HeaderProtocol : uint32_t { ethernet = 1, ipv4 = 11, ipv6 = 12 };
  uint32_t protocol = record.number();
  uint32_t frame_size = record.number();
  (void)record.number();  // bytes taken off the end
  std::string_view header = record.bytes(record.number());
  if (record.is_cut()) {
    return;
  }
  set_number(sampled_frame_size, frame_size);
  set_number(sampled_pktcount, 1);
  if (protocol == ethernet) {
    put_ethernet(header);
  } else if (protocol == ipv4 || protocol == ipv6) {
    put_packet(header, protocol == ipv4 ? ether_ipv4 : ether_ipv6);
  }
}

void SampledRows::put_ethernet(std::string_view frame) {
  if (frame.size() < ethernet_head) {
    return;
  }
  set(sampled_mac, Cell::of_slice(Type::Bytes, frame.substr(0, ethernet_head)));
  set_number(sampled_mac_len, ethernet_head);
  set_number(sampled_type, arphrd_ether);
  uint32_t protocol = big<uint16_t>(frame.data() + 12);
  std::string_view rest = frame.substr(ethernet_head);
  for (bool is_first = true; is_tag(protocol) && rest.size() >= 4; is_first = false) {
    if (is_first) {
      set_number(sampled_vlan, big<uint16_t>(rest.data()) & 0xfff);
    }
    protocol = big<uint16_t>(rest.data() + 2);
    rest.remove_prefix(4);
  }
  put_packet(rest, protocol);
}

void SampledRows::put_packet(std::string_view packet, uint32_t protocol) {
  set(sampled_pkt, Cell::of_slice(Type::Bytes, packet));
  set_number(sampled_pktlen, packet.size());
  set_number(sampled_protocol, protocol);
  uint64_t family = protocol == ether_ipv4 ? 2 : protocol == ether_ipv6 ? 10 : protocol == ether_arp ? 3 : 0;
  if (family != 0) {
    set_number(sampled_family, family);
  }
}

/// Length, protocol, addresses, ports, flags, and type of service or priority.
void SampledRows::put_addresses(XdrReader& record, size_t size) {
  uint32_t length = record.number();
  uint32_t protocol = record.number();
  std::string_view source = record.bytes(size);
  std::string_view target = record.bytes(size);
  uint32_t sport = record.number();
  uint32_t dport = record.number();
  uint32_t flags = record.number();
  if (record.is_cut()) {
    return;
  }
  set_number(sampled_frame_size, length);
  set_number(sampled_ip_protocol, protocol);
  set(sampled_saddr, Cell::of_slice(Type::Address, source));
  set(sampled_daddr, Cell::of_slice(Type::Address, target));
  set_number(sampled_sport, sport);
  set_number(sampled_dport, dport);
  set_open("tcpControlBits", Cell::of_unsigned(flags));
}

// Sequence number, source, and records.
void SampledRows::put_counters(const SflowSample& sample) {
  constexpr uint32_t index_bits = 0x00ffffff;
  XdrReader reader(sample.body);
  (void)reader.number();
  uint32_t source = reader.number();
  set_number(sampled_source, sample.is_expanded() ? reader.number() : source & index_bits);
  for (uint32_t left = reader.number(); left > 0 && !reader.is_cut(); left--) {
    SflowSample record;
    if (!next_sample(reader, record)) {
      return;
    }
    std::span<const SflowCounter> counters;
    counters = record.format == 1 ? std::span<const SflowCounter>(interface_counters) : counters;
    counters = record.format == 2 ? std::span<const SflowCounter>(ethernet_counters) : counters;
    if (counters.empty()) {
      put_unknown(record.format, record.body);
    }
    XdrReader values(record.body);
    for (const SflowCounter& counter : counters) {
      uint64_t value = counter.is_long ? values.long_number() : values.number();
      if (values.is_cut()) {
        break;
      }
      set_open(counter.name, Cell::of_unsigned(value));
    }
  }
}

void SampledRows::put_unknown(uint32_t format, std::string_view body) {
  std::string name = "sflow." + std::to_string(format >> 12) + "." + std::to_string(format & 0xfff);
  set_open(name, Cell::of_slice(Type::Bytes, body));
}

}  // namespace stook
