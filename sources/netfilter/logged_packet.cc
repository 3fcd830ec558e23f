// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/logged_packet.hh"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>

#include <algorithm>
#include <cstddef>

#include "core/data/endian.hh"
#include "sources/netfilter/attributes.hh"

namespace stook {

namespace {

/// The sender's address: its length, two bytes of nothing, and up to eight bytes.
bool take_sender(std::string_view bytes, LoggedPacket& packet) {
  constexpr size_t head = offsetof(nfulnl_msg_packet_hw, hw_addr);
  uint16_t size = 0;
  if (!take_number(bytes, size) || bytes.size() < head) {
    return false;
  }
  packet.mac_source = bytes.substr(head, std::min<size_t>(size, sizeof nfulnl_msg_packet_hw{}.hw_addr));
  return true;
}

bool take_time(std::string_view bytes, LoggedPacket& packet) {
  return take_number(bytes, packet.sec) && take_number(bytes.substr(sizeof packet.sec), packet.usec);
}

bool take_header(std::string_view bytes, LoggedPacket& packet) {
  if (bytes.size() < sizeof(nfulnl_msg_packet_hdr)) {
    return false;
  }
  packet.hook = static_cast<uint8_t>(bytes[offsetof(nfulnl_msg_packet_hdr, hook)]);
  return take_number(bytes, packet.protocol);
}

/// Inline, as a call for each of a packet's ten attributes is a tenth of what reading them takes.
inline bool take_attribute(int type, std::string_view bytes, LoggedPacket& packet) {
  packet.seen |= type < 32 ? uint32_t{1} << type : 0;
  switch (type) {
    case NFULA_PACKET_HDR:
      return take_header(bytes, packet);
    case NFULA_MARK:
      return take_number(bytes, packet.mark);
    case NFULA_TIMESTAMP:
      return take_time(bytes, packet);
    case NFULA_IFINDEX_INDEV:
      return take_number(bytes, packet.in);
    case NFULA_IFINDEX_OUTDEV:
      return take_number(bytes, packet.out);
    case NFULA_HWADDR:
      return take_sender(bytes, packet);
    case NFULA_PAYLOAD:
      packet.payload = bytes;
      return true;
    case NFULA_PREFIX:
      packet.prefix = bytes.substr(0, bytes.find('\0'));
      return true;
    case NFULA_UID:
      return take_number(bytes, packet.uid);
    case NFULA_GID:
      return take_number(bytes, packet.gid);
    case NFULA_SEQ:
      return take_number(bytes, packet.sequence);
    case NFULA_SEQ_GLOBAL:
      return take_number(bytes, packet.global_sequence);
    case NFULA_HWTYPE:
      return take_number(bytes, packet.hardware_type);
    case NFULA_HWHEADER:
      packet.mac = bytes;
      return true;
    case NFULA_CT:
      packet.conntrack = bytes;
      return true;
    default:
      return true;
  }
}

}  // namespace

bool take_logged_attribute(int type, std::string_view bytes, LoggedPacket& packet) {
  return take_attribute(type, bytes, packet);
}

bool read_logged_packet(std::string_view body, LoggedPacket& packet) {
  packet.clear();
  if (body.size() < sizeof(nfgenmsg)) {
    return false;
  }
  packet.family = static_cast<uint8_t>(body[offsetof(nfgenmsg, nfgen_family)]);
  packet.group = big<uint16_t>(body.data() + offsetof(nfgenmsg, res_id));
  body.remove_prefix(sizeof(nfgenmsg));
  return for_each_attribute(body,
                            [&](int type, std::string_view bytes) { return take_attribute(type, bytes, packet); });
}

}  // namespace stook
