// SPDX-License-Identifier: Apache-2.0
/// LINKTYPE_NFLOG: a family, a version and a group, then attributes as nfnetlink_log sends them. Length and type of an
/// attribute are in the byte order of the machine that captured, its value is in network order.
#include <algorithm>

#include "core/data/endian.hh"
#include "sources/pcap/frame.hh"

namespace stook {

namespace {
enum Attribute : uint16_t {
  nflog_packet_head = 1,
  nflog_mark = 2,
  nflog_in = 4,
  nflog_out = 5,
  nflog_sender = 8,
  nflog_payload = 9,
  nflog_prefix = 10,
  nflog_uid = 11,
  nflog_number = 12,
  nflog_number_global = 13,
  nflog_gid = 14,
  nflog_type = 15,
  nflog_mac = 16,
};
constexpr size_t head_size = 4;
constexpr size_t attribute_head = 4;
constexpr uint16_t type_mask = 0x7fff;  // the highest bit says that the value is nested

int64_t four(std::string_view value, int64_t otherwise) {
  return value.size() >= 4 ? int64_t{big<uint32_t>(value.data())} : otherwise;
}

void take(LinkFrame& frame, uint16_t type, std::string_view value) {
  switch (type) {
    case nflog_packet_head:
      if (value.size() >= 3) {
        frame.protocol = big<uint16_t>(value.data());
        frame.hook = static_cast<unsigned char>(value[2]);
      }
      return;
    case nflog_mark:
      frame.mark = four(value, frame.mark);
      return;
    case nflog_in:
      frame.in = four(value, frame.in);
      return;
    case nflog_out:
      frame.out = four(value, frame.out);
      return;
    case nflog_sender:
      if (value.size() >= 4) {
        frame.sender = value.substr(4, std::min<size_t>(big<uint16_t>(value.data()), 8));
      }
      return;
    case nflog_payload:
      frame.packet = value;
      return;
    case nflog_prefix:
      frame.prefix = value.substr(0, value.find('\0'));
      return;
    case nflog_uid:
      frame.uid = four(value, frame.uid);
      return;
    case nflog_gid:
      frame.gid = four(value, frame.gid);
      return;
    case nflog_number:
      frame.number = four(value, frame.number);
      return;
    case nflog_number_global:
      frame.number_global = four(value, frame.number_global);
      return;
    case nflog_type:
      frame.type = value.size() >= 2 ? int{big<uint16_t>(value.data())} : frame.type;
      return;
    case nflog_mac:
      frame.mac = value;
      return;
    default:
      return;  // what has no key
  }
}
}  // namespace

bool open_nflog(const CapturedPacket& packet, LinkFrame& frame) {
  std::string_view rest = packet.bytes;
  if (rest.size() < head_size) {
    return false;
  }
  frame.family = static_cast<unsigned char>(rest[0]);
  rest.remove_prefix(head_size);
  while (rest.size() >= attribute_head) {
    uint16_t size = big<uint16_t>(rest.data());
    uint16_t type = big<uint16_t>(rest.data() + 2);
    size = packet.is_big ? size : swapped(size);
    type = (packet.is_big ? type : swapped(type)) & type_mask;
    // The payload comes last, so a capture that was cut short ends within it.
    if (size < attribute_head || (size > rest.size() && type != nflog_payload)) {
      return false;
    }
    take(frame, type, rest.substr(attribute_head, size - attribute_head));
    rest.remove_prefix(std::min((size + size_t{3}) / 4 * 4, rest.size()));
  }
  return true;
}

}  // namespace stook
