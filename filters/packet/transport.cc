// SPDX-License-Identifier: Apache-2.0
/// What stands above IP: TCP, UDP, ICMP and their kin.
#include <algorithm>

#include "filters/packet/walker.hh"

namespace stook {

namespace {
enum Protocol : uint8_t {
  proto_icmp = 1,
  proto_ipip = 4,
  proto_tcp = 6,
  proto_udp = 17,
  proto_ipv6 = 41,
  proto_gre = 47,
  proto_esp = 50,
  proto_ah = 51,
  proto_icmpv6 = 58,
  proto_sctp = 132,
  proto_udplite = 136,
};
}  // namespace

const char* PacketWalker::transport(Bytes bytes, uint8_t protocol) {
  switch (protocol) {
    case proto_tcp:
      return tcp(bytes);
    case proto_udp:
    case proto_udplite:
      return enter(PacketLayer::Udp) ? udp(bytes) : nullptr;
    case proto_icmp:
      return enter(PacketLayer::Icmp) ? icmp(bytes) : nullptr;
    case proto_icmpv6:
      return enter(PacketLayer::Icmpv6) ? icmpv6(bytes) : nullptr;
    case proto_sctp:
      return enter(PacketLayer::Sctp) ? sctp(bytes) : nullptr;
    case proto_ah:
      return ah(bytes);
    case proto_esp:
      return enter(PacketLayer::AhEsp) ? esp(bytes) : nullptr;
    case proto_gre:
      return gre(bytes);
    case proto_ipip:
      return tunnel(bytes, 0x0800);
    case proto_ipv6:
      return tunnel(bytes, 0x86dd);
    default:
      return nullptr;
  }
}

const char* PacketWalker::tcp(Bytes bytes) {
  constexpr size_t fixed = 20;
  bool is_kept = enter(PacketLayer::Tcp);
  bool wants_options = enter(PacketLayer::TcpOptions);
  if (!is_kept && !wants_options) {
    return nullptr;
  }
  if (bytes.size() < fixed) {
    return "the packet ends within the TCP header";
  }
  auto offset = static_cast<unsigned char>(bytes[12]);
  auto flags = static_cast<unsigned char>(bytes[13]);
  if (is_kept) {
    put_two(tcp_sport, bytes, 0);
    put_two(tcp_dport, bytes, 2);
    put_four(tcp_seq, bytes, 4);
    put_four(tcp_ackseq, bytes, 8);
    put_number(tcp_offset, offset >> 4);
    put_number(tcp_reserved, offset & 15u);
    put_two(tcp_window, bytes, 14);
    put_truth(tcp_urg, (flags & 0x20) != 0);
    if ((flags & 0x20) != 0) {
      put_two(tcp_urgp, bytes, 18);
    }
    put_truth(tcp_ack, (flags & 0x10) != 0);
    put_truth(tcp_psh, (flags & 0x08) != 0);
    put_truth(tcp_rst, (flags & 0x04) != 0);
    put_truth(tcp_syn, (flags & 0x02) != 0);
    put_truth(tcp_fin, (flags & 0x01) != 0);
    put_truth(tcp_res1, (offset & 15) != 0);
    put_truth(tcp_res2, (flags & 0xc0) != 0);
    put_two(tcp_csum, bytes, 16);
  }
  size_t header = (size_t{offset} >> 4) * 4;
  if (header < fixed) {
    return "the TCP header says that it is shorter than 20 bytes";
  }
  if (header > bytes.size()) {
    return "the packet ends within the TCP options";
  }
  return wants_options ? tcp_options(bytes.substr(fixed, header - fixed)) : nullptr;
}

const char* PacketWalker::tcp_options(Bytes options) {
  enum : uint8_t { end = 0, nothing = 1, mss = 2, wscale = 3, sack_permitted = 4, stamps = 8 };
  while (!options.empty() && options[0] != end) {
    if (options[0] == nothing) {
      options.remove_prefix(1);
      continue;
    }
    size_t size = options.size() < 2 ? 0 : static_cast<unsigned char>(options[1]);
    if (size < 2 || size > options.size()) {
      return "a TCP option is longer than the header, or shorter than itself";
    }
    if (options[0] == mss && size == 4) {
      put_two(tcp_mss, options, 2);
    } else if (options[0] == wscale && size == 3) {
      put_byte(tcp_wscale, options, 2);
    } else if (options[0] == sack_permitted) {
      put_truth(tcp_sack_permitted, true);
    } else if (options[0] == stamps && size == 10) {
      put_four(tcp_tsval, options, 2);
      put_four(tcp_tsecr, options, 6);
    }
    options.remove_prefix(size);
  }
  return nullptr;
}

const char* PacketWalker::udp(Bytes bytes) {
  if (bytes.size() < 8) {
    return "the packet ends within the UDP header";
  }
  put_two(udp_sport, bytes, 0);
  put_two(udp_dport, bytes, 2);
  put_two(udp_len, bytes, 4);
  put_two(udp_csum, bytes, 6);
  return nullptr;
}

const char* PacketWalker::icmp(Bytes bytes) {
  enum : uint8_t { echo_reply = 0, unreachable = 3, redirect = 5, echo = 8, parameter_problem = 12 };
  constexpr uint8_t fragmentation_needed = 4;
  if (bytes.size() < 8) {
    return "the packet ends within the ICMP header";
  }
  put_byte(icmp_type, bytes, 0);
  put_byte(icmp_code, bytes, 1);
  put_two(icmp_csum, bytes, 2);
  switch (static_cast<uint8_t>(bytes[0])) {
    case echo:
    case echo_reply:
      put_two(icmp_echoid, bytes, 4);
      put_two(icmp_echoseq, bytes, 6);
      break;
    case redirect:
      put_address(icmp_gateway, bytes.substr(4, 4));
      break;
    case parameter_problem:
      put_byte(icmp_parameter, bytes, 4);
      break;
    case unreachable:
      if (static_cast<uint8_t>(bytes[1]) == fragmentation_needed) {
        put_two(icmp_fragmtu, bytes, 6);
      }
      break;
    default:
      break;
  }
  return nullptr;
}

const char* PacketWalker::icmpv6(Bytes bytes) {
  enum : uint8_t { too_big = 2, echo = 128, echo_reply = 129 };
  if (bytes.size() < 8) {
    return "the packet ends within the ICMPv6 header";
  }
  put_byte(icmpv6_type, bytes, 0);
  put_byte(icmpv6_code, bytes, 1);
  put_two(icmpv6_csum, bytes, 2);
  auto type = static_cast<uint8_t>(bytes[0]);
  if (type == echo || type == echo_reply) {
    put_two(icmpv6_echoid, bytes, 4);
    put_two(icmpv6_echoseq, bytes, 6);
  } else if (type == too_big) {
    put_four(icmpv6_mtu, bytes, 4);
  }
  return nullptr;
}

const char* PacketWalker::sctp(Bytes bytes) {
  if (bytes.size() < 12) {
    return "the packet ends within the SCTP header";
  }
  put_two(sctp_sport, bytes, 0);
  put_two(sctp_dport, bytes, 2);
  put_four(sctp_csum, bytes, 8);
  return nullptr;
}

const char* PacketWalker::ah(Bytes bytes) {
  constexpr size_t fixed = 12;
  if (bytes.size() < fixed) {
    return "the packet ends within the AH header";
  }
  if (enter(PacketLayer::AhEsp)) {
    put_four(ahesp_spi, bytes, 4);
  }
  size_t header = (size_t{static_cast<unsigned char>(bytes[1])} + 2) * 4;
  if (header < fixed) {
    return "the AH header says that it is shorter than 12 bytes";
  }
  if (header > bytes.size()) {
    return "the packet ends within the AH header";
  }
  // One of them is enough: a chain of many would be a chain of calls.
  auto next = static_cast<uint8_t>(bytes[0]);
  return next == proto_ah ? nullptr : transport(bytes.substr(header), next);
}

const char* PacketWalker::esp(Bytes bytes) {
  if (bytes.size() < 8) {
    return "the packet ends within the ESP header";
  }
  put_four(ahesp_spi, bytes, 0);
  return nullptr;
}

}  // namespace stook
