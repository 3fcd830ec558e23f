// SPDX-License-Identifier: Apache-2.0
#include "filters/packet/walker.hh"

#include <algorithm>

namespace stook {

namespace {
constexpr uint32_t ether_ipv4 = 0x0800;
constexpr uint32_t ether_arp = 0x0806;
constexpr uint32_t ether_ipv6 = 0x86dd;
constexpr uint32_t ether_bridged = 0x6558;
constexpr size_t address4 = 4;
constexpr size_t address6 = 16;

bool is_tag(uint32_t protocol) {
  return protocol == 0x8100 || protocol == 0x88a8 || protocol == 0x9100;
}
}  // namespace

void PacketWalker::begin(Batch& batch, size_t first) {
  batch_ = &batch;
  wanted_ = 0;
  ready_ = 0;
  for (size_t slot = 0; slot < writes; slot++) {
    ids_[slot] = batch.out(first + slot);
    columns_[slot] = nullptr;
    if (ids_[slot] != no_key) {
      bool is_inner = slot >= packet_keys;
      size_t key = is_inner ? slot - packet_keys + inner_begin : slot;
      wanted_ |= uint32_t{1} << (static_cast<size_t>(packet_key_rows[key].layer) + (is_inner ? 16 : 0));
    }
  }
  // The EtherType is a matter of the caller's, not of the packet.
  if (ids_[vlan_id] == no_key) {
    wanted_ &= ~(uint32_t{1} << static_cast<size_t>(PacketLayer::Link));
  }
}

void PacketWalker::take_columns(PacketLayer layer) {
  size_t begin = is_inner_ ? inner_begin : size_t{vlan_id};
  size_t end = is_inner_ ? inner_end : packet_keys;
  for (size_t key = begin; key < end; key++) {
    if (packet_key_rows[key].layer == layer) {
      columns_[slot_of(key)] = batch_->write(ids_[slot_of(key)]);
    }
  }
}

const char* PacketWalker::walk(Row row, Bytes packet, uint32_t protocol) {
  row_ = row;
  is_inner_ = false;
  here_ = columns_;
  return ethertype(packet, protocol);
}

const char* PacketWalker::ethertype(Bytes bytes, uint32_t protocol) {
  while (is_tag(protocol)) {
    if (bytes.size() < 4) {
      return "the packet ends within a VLAN tag";
    }
    if (!is_inner_ && enter(PacketLayer::Link) && !columns_[vlan_id]->has(row_)) {
      put_number(vlan_id, big<uint16_t>(bytes.data()) & 0xfff);
    }
    protocol = big<uint16_t>(bytes.data() + 2);
    bytes.remove_prefix(4);
  }
  switch (protocol) {
    case ether_ipv4:
      return ipv4(bytes);
    case ether_ipv6:
      return ipv6(bytes);
    case ether_arp:
      return is_inner_ || !enter(PacketLayer::Arp) ? nullptr : arp(bytes);
    default:
      return nullptr;
  }
}

const char* PacketWalker::arp(Bytes bytes) {
  constexpr size_t fixed = 8;
  if (bytes.size() < fixed) {
    return "the packet ends within the ARP header";
  }
  put_two(arp_hwtype, bytes, 0);
  put_two(arp_protocoltype, bytes, 2);
  put_two(arp_operation, bytes, 6);
  size_t hardware = static_cast<unsigned char>(bytes[4]);
  size_t address = static_cast<unsigned char>(bytes[5]);
  Bytes rest = bytes.substr(fixed);
  if (rest.size() < 2 * (hardware + address)) {
    return "the packet ends within the ARP addresses";
  }
  bool is_ip = big<uint16_t>(bytes.data() + 2) == ether_ipv4 && address == address4;
  put(arp_shwaddr, Cell::of_slice(Type::Bytes, rest.substr(0, hardware)));
  put(arp_dhwaddr, Cell::of_slice(Type::Bytes, rest.substr(hardware + address, hardware)));
  if (is_ip) {
    put_address(arp_saddr, rest.substr(hardware, address));
    put_address(arp_daddr, rest.substr(2 * hardware + address, address));
  }
  return nullptr;
}

const char* PacketWalker::ipv4(Bytes bytes) {
  constexpr size_t fixed = 20;
  if (bytes.size() < fixed) {
    return "the packet ends within the IPv4 header";
  }
  auto first = static_cast<unsigned char>(bytes[0]);
  if (first >> 4 != 4) {
    return "no IPv4 packet: its version is another";
  }
  size_t header = size_t{first & 15u} * 4;
  size_t total = big<uint16_t>(bytes.data() + 2);
  if (enter(PacketLayer::Ip)) {
    put_address(ip_saddr, bytes.substr(12, address4));
    put_address(ip_daddr, bytes.substr(16, address4));
    put_byte(ip_protocol, bytes, 9);
    put_byte(ip_tos, bytes, 1);
    put_byte(ip_ttl, bytes, 8);
    put_number(ip_totlen, total);
    put_number(ip_ihl, first & 15u);
    put_two(ip_csum, bytes, 10);
    put_two(ip_id, bytes, 4);
    put_two(ip_fragoff, bytes, 6);
  }
  if (!wants_more()) {
    return nullptr;
  }
  if (header < fixed) {
    return "the IPv4 header says that it is shorter than 20 bytes";
  }
  if (header > bytes.size()) {
    return "the packet ends within the IPv4 options";
  }
  // 0: the packet was captured before it was cut for the wire.
  if (total != 0 && total < header) {
    return "the IPv4 packet says that it is shorter than its header";
  }
  bool is_later_fragment = (big<uint16_t>(bytes.data() + 6) & 0x1fff) != 0;
  if (is_later_fragment) {
    return nullptr;
  }
  bytes = total == 0 ? bytes : bytes.substr(0, total);
  return transport(bytes.substr(header), static_cast<uint8_t>(bytes[9]));
}

const char* PacketWalker::ipv6(Bytes bytes) {
  constexpr size_t fixed = 40;
  if (bytes.size() < fixed) {
    return "the packet ends within the IPv6 header";
  }
  uint32_t head = big<uint32_t>(bytes.data());
  if (head >> 28 != 6) {
    return "no IPv6 packet: its version is another";
  }
  bool wants_protocol = false;
  if (enter(PacketLayer::Ip)) {
    put_address(ip_saddr, bytes.substr(8, address6));
    put_address(ip_daddr, bytes.substr(24, address6));
    wants_protocol = here_[ip_protocol] != nullptr;
  }
  size_t payload = big<uint16_t>(bytes.data() + 4);
  if (enter(PacketLayer::Ip6)) {
    put_number(ip6_payloadlen, payload);
    put_number(ip6_priority, head >> 20 & 0xff);
    put_number(ip6_flowlabel, head & 0xfffff);
    put_byte(ip6_hoplimit, bytes, 7);
  }
  if (!wants_more() && !wants_protocol) {
    return nullptr;
  }
  auto next = static_cast<uint8_t>(bytes[6]);
  // 0: a jumbogram, or a packet that was captured before it was cut for the wire.
  bytes = payload == 0 ? bytes.substr(fixed) : bytes.substr(fixed, payload);
  return chain(bytes, next);
}

// Extension headers, up to what they lead to. Each takes at least 8 bytes, so the packet's length is the bound.
const char* PacketWalker::chain(Bytes bytes, uint8_t protocol) {
  bool is_kept = enter(PacketLayer::Ip6Chain);
  const char* reason = nullptr;
  bool is_later_fragment = false;
  while (protocol == 0 || protocol == 43 || protocol == 44 || protocol == 60) {
    constexpr size_t least = 8;
    bool is_fragment = protocol == 44;
    size_t size = bytes.size() < least ? least
                  : is_fragment        ? least
                                       : (size_t{static_cast<unsigned char>(bytes[1])} + 1) * 8;
    if (bytes.size() < size) {
      reason = "the packet ends within an IPv6 extension header";
      break;
    }
    if (is_fragment) {
      uint16_t offset = big<uint16_t>(bytes.data() + 2) & 0xfff8;
      put_number(ip6_fragoff, offset);
      put_four(ip6_fragid, bytes, 4);
      is_later_fragment = offset != 0;
    }
    protocol = static_cast<uint8_t>(bytes[0]);
    bytes.remove_prefix(size);
    if (is_later_fragment) {
      break;
    }
  }
  if (is_kept) {
    put_number(ip6_nexthdr, protocol);
  }
  if (reason != nullptr || is_later_fragment) {
    return reason;  // what the headers lead to is not there
  }
  put_number(ip_protocol, protocol);
  return transport(bytes, protocol);
}

const char* PacketWalker::tunnel(Bytes bytes, uint32_t protocol) {
  if (is_inner_ || wanted_ >> 16 == 0) {
    return nullptr;
  }
  if (protocol == ether_bridged) {
    if (bytes.size() < 14) {
      return "the packet ends within the tunnel's Ethernet header";
    }
    protocol = big<uint16_t>(bytes.data() + 12);
    bytes.remove_prefix(14);
  }
  is_inner_ = true;
  here_ = columns_ + slot_of(0);
  return ethertype(bytes, protocol);
}

const char* PacketWalker::gre(Bytes bytes) {
  if (bytes.size() < 4) {
    return "the packet ends within the GRE header";
  }
  uint16_t flags = big<uint16_t>(bytes.data());
  bool has_checksum = (flags & 0x8000) != 0;
  bool has_key = (flags & 0x2000) != 0;
  bool has_number = (flags & 0x1000) != 0;
  bool is_plain = (flags & 0x4007) == 0;  // no routing, version 0; PPTP is version 1
  size_t size = 4 + size_t{4} * (has_checksum + has_key + has_number);
  bool is_kept = !is_inner_ && enter(PacketLayer::Gre);
  if (is_kept) {
    put_two(gre_protocol, bytes, 2);
  }
  if (!is_plain) {
    return nullptr;
  }
  if (bytes.size() < size) {
    return "the packet ends within the GRE header";
  }
  if (is_kept && has_key) {
    put_four(gre_key, bytes, has_checksum ? 8 : 4);
  }
  return tunnel(bytes.substr(size), big<uint16_t>(bytes.data() + 2));
}

}  // namespace stook
