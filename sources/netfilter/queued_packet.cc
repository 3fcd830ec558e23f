// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/queued_packet.hh"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <cstddef>

#include "core/data/endian.hh"
#include "sources/netfilter/attributes.hh"

namespace stook {

namespace {

/// Attributes that nfnetlink_log has as well, in the same form.
struct Twin {
  int queued;
  int logged;
};
constexpr Twin twins[] = {{NFQA_MARK, NFULA_MARK},
                          {NFQA_TIMESTAMP, NFULA_TIMESTAMP},
                          {NFQA_IFINDEX_INDEV, NFULA_IFINDEX_INDEV},
                          {NFQA_IFINDEX_OUTDEV, NFULA_IFINDEX_OUTDEV},
                          {NFQA_HWADDR, NFULA_HWADDR},
                          {NFQA_PAYLOAD, NFULA_PAYLOAD},
                          {NFQA_CT, NFULA_CT},
                          {NFQA_UID, NFULA_UID},
                          {NFQA_GID, NFULA_GID},
                          {NFQA_L2HDR, NFULA_HWHEADER}};

bool take_head(std::string_view bytes, QueuedPacket& queued) {
  if (bytes.size() < sizeof(nfqnl_msg_packet_hdr)) {
    return false;
  }
  queued.id = big<uint32_t>(bytes.data());
  queued.has_id = true;
  queued.packet.protocol = big<uint16_t>(bytes.data() + offsetof(nfqnl_msg_packet_hdr, hw_protocol));
  queued.packet.hook = static_cast<uint8_t>(bytes[offsetof(nfqnl_msg_packet_hdr, hook)]);
  queued.packet.seen |= uint32_t{1} << NFULA_PACKET_HDR;
  return true;
}

bool take_queued_attribute(int type, std::string_view bytes, QueuedPacket& queued) {
  if (type == NFQA_PACKET_HDR) {
    return take_head(bytes, queued);
  }
  if (type == NFQA_CAP_LEN) {
    return take_number(bytes, queued.size);
  }
  for (const Twin& twin : twins) {
    if (twin.queued == type) {
      return take_logged_attribute(twin.logged, bytes, queued.packet);
    }
  }
  return true;
}

}  // namespace

bool read_queued_packet(std::string_view body, QueuedPacket& queued) {
  queued = {};
  if (body.size() < sizeof(nfgenmsg)) {
    return false;
  }
  queued.packet.family = static_cast<uint8_t>(body[offsetof(nfgenmsg, nfgen_family)]);
  queued.packet.group = big<uint16_t>(body.data() + offsetof(nfgenmsg, res_id));
  body.remove_prefix(sizeof(nfgenmsg));
  bool is_whole = for_each_attribute(
      body, [&](int type, std::string_view bytes) { return take_queued_attribute(type, bytes, queued); });
  queued.size = queued.size == 0 ? static_cast<uint32_t>(queued.packet.payload.size()) : queued.size;
  return is_whole && queued.has_id;
}

}  // namespace stook
