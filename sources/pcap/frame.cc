// SPDX-License-Identifier: Apache-2.0
#include "sources/pcap/frame.hh"

#include <algorithm>

#include "core/data/endian.hh"

namespace stook {

namespace {
enum LinkType : uint16_t {
  link_null = 0,
  link_ethernet = 1,
  link_ppp = 9,
  link_raw_bsd = 12,
  link_raw_openbsd = 14,
  link_ppp_hdlc = 50,
  link_raw = 101,
  link_loop = 108,
  link_sll = 113,
  link_ipv4 = 228,
  link_ipv6 = 229,
  link_nflog = 239,
  link_sll2 = 276,
};
constexpr int ether_ipv4 = 0x0800;
constexpr int ether_arp = 0x0806;
constexpr int ether_ipv6 = 0x86dd;
constexpr int ether_llc = 4;  // ETH_P_802_2
constexpr int arphrd_ether = 1;
constexpr int arphrd_ppp = 512;
constexpr int arphrd_loopback = 772;
constexpr int arphrd_none = 0xfffe;
constexpr size_t ethernet_head = 14;

int two(std::string_view bytes, size_t at) {
  return big<uint16_t>(bytes.data() + at);
}

bool is_vlan(int protocol) {
  return protocol == 0x8100 || protocol == 0x88a8 || protocol == 0x9100;
}

// What follows an EtherType: tags are taken away, and the length of an 802.3 frame with LLC and SNAP.
bool open_ethertype(std::string_view rest, int protocol, LinkFrame& frame) {
  while (is_vlan(protocol)) {
    if (rest.size() < 4) {
      return false;
    }
    frame.vlan = frame.vlan < 0 ? two(rest, 0) & 0xfff : frame.vlan;
    protocol = two(rest, 2);
    rest.remove_prefix(4);
  }
  if (protocol < 0x600) {
    bool is_snap = rest.size() >= 8 && two(rest, 0) == 0xaaaa && rest[2] == 3;
    protocol = is_snap ? two(rest, 6) : ether_llc;
    rest.remove_prefix(is_snap ? 8 : 0);
  }
  frame.protocol = protocol;
  frame.packet = rest;
  return true;
}

bool open_ethernet(std::string_view bytes, LinkFrame& frame) {
  if (bytes.size() < ethernet_head) {
    return false;
  }
  frame.mac = bytes.substr(0, ethernet_head);
  frame.sender = bytes.substr(6, 6);
  frame.type = arphrd_ether;
  return open_ethertype(bytes.substr(ethernet_head), two(bytes, 12), frame);
}

// A family of four bytes, in either order; the packet itself says which protocol it is.
bool open_loop(std::string_view bytes, LinkFrame& frame) {
  if (bytes.size() < 4) {
    return false;
  }
  frame.type = arphrd_loopback;
  frame.packet = bytes.substr(4);
  frame.protocol = protocol_of(frame.packet);
  return true;
}

bool open_sll(std::string_view bytes, LinkFrame& frame) {
  if (bytes.size() < 16) {
    return false;
  }
  frame.type = two(bytes, 2);
  frame.sender = bytes.substr(6, static_cast<size_t>(std::min(two(bytes, 4), 8)));
  return open_ethertype(bytes.substr(16), two(bytes, 14), frame);
}

bool open_sll2(std::string_view bytes, LinkFrame& frame) {
  constexpr unsigned char outgoing = 4;
  if (bytes.size() < 20) {
    return false;
  }
  int64_t& index = static_cast<unsigned char>(bytes[10]) == outgoing ? frame.out : frame.in;
  index = big<uint32_t>(bytes.data() + 4);
  frame.type = two(bytes, 8);
  frame.sender = bytes.substr(12, std::min<size_t>(static_cast<unsigned char>(bytes[11]), 8));
  return open_ethertype(bytes.substr(20), two(bytes, 0), frame);
}

// RFC 1661 and 1662: address and control may be left out, and the protocol may be one byte.
bool open_ppp(std::string_view bytes, LinkFrame& frame) {
  size_t at = bytes.size() >= 2 && two(bytes, 0) == 0xff03 ? 2 : 0;
  if (bytes.size() < at + 2) {
    return false;
  }
  bool is_short = (bytes[at] & 1) != 0;
  int protocol = is_short ? static_cast<unsigned char>(bytes[at]) : two(bytes, at);
  frame.type = arphrd_ppp;
  frame.packet = bytes.substr(at + (is_short ? 1 : 2));
  frame.protocol = protocol == 0x21 ? ether_ipv4 : protocol == 0x57 ? ether_ipv6 : -1;
  return true;
}

bool open_raw(std::string_view bytes, LinkFrame& frame) {
  if (bytes.empty()) {
    return false;
  }
  frame.type = arphrd_none;
  frame.packet = bytes;
  frame.protocol = protocol_of(bytes);
  return true;
}

bool open_link(const CapturedPacket& packet, LinkFrame& frame) {
  switch (packet.link) {
    case link_ethernet:
      return open_ethernet(packet.bytes, frame);
    case link_null:
    case link_loop:
      return open_loop(packet.bytes, frame);
    case link_sll:
      return open_sll(packet.bytes, frame);
    case link_sll2:
      return open_sll2(packet.bytes, frame);
    case link_ppp:
    case link_ppp_hdlc:
      return open_ppp(packet.bytes, frame);
    case link_nflog:
      return open_nflog(packet, frame);
    default:
      return open_raw(packet.bytes, frame);
  }
}

// Without what follows the packet in its frame: short Ethernet frames are padded.
std::string_view trimmed(std::string_view packet, int protocol) {
  size_t size = packet.size();
  if (protocol == ether_ipv4 && size >= 20) {
    size_t total = big<uint16_t>(packet.data() + 2);
    size = total >= 20 ? std::min(size, total) : size;
  } else if (protocol == ether_ipv6 && size >= 40) {
    size_t payload = big<uint16_t>(packet.data() + 4);
    size = payload > 0 ? std::min(size, 40 + payload) : size;
  }
  return packet.substr(0, size);
}
}  // namespace

bool is_known_link(uint16_t link) {
  constexpr LinkType known[] = {link_null,     link_ethernet, link_ppp,  link_raw_bsd, link_raw_openbsd,
                                link_ppp_hdlc, link_raw,      link_loop, link_sll,     link_ipv4,
                                link_ipv6,     link_nflog,    link_sll2};
  return std::find(std::begin(known), std::end(known), link) != std::end(known);
}

int family_of(int protocol) {
  switch (protocol) {
    case ether_ipv4:
      return 2;
    case ether_ipv6:
      return 10;
    case ether_arp:
      return 3;
    default:
      return -1;
  }
}

int protocol_of(std::string_view packet) {
  int version = packet.empty() ? 0 : static_cast<unsigned char>(packet[0]) >> 4;
  return version == 4 ? ether_ipv4 : version == 6 ? ether_ipv6 : -1;
}

bool open_frame(const CapturedPacket& packet, LinkFrame& frame) {
  frame = {};
  if (!open_link(packet, frame)) {
    return false;
  }
  frame.family = frame.family < 0 ? family_of(frame.protocol) : frame.family;
  frame.packet = trimmed(frame.packet, frame.protocol);
  return true;
}

}  // namespace stook
