// SPDX-License-Identifier: Apache-2.0
/// Datagrams of netfilter into messages, packets, connections and their attributes: whatever comes, nothing outside the datagram is
/// read, and it ends.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "sources/netfilter/logged_packet.hh"
#include "sources/netfilter/netlink.hh"
#include "sources/netfilter/nft_change.hh"
#include "sources/netfilter/nft_object.hh"
#include "sources/netfilter/nft_trace.hh"
#include "sources/netfilter/queued_packet.hh"
#include "sources/netfilter/set_element.hh"
#include "sources/netfilter/tracked_flow.hh"

namespace {

using namespace stook;

void check_inside(std::string_view part, std::string_view whole) {
  bool is_inside =
      part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
  if (!is_inside) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // a block of its own at a multiple of sixteen, so that the sanitizer sees every byte read beyond
  std::vector<char> block(data, data + size);
  std::string_view bytes(block.data(), block.size());
  NetlinkCutter cutter(bytes);
  size_t messages = 0;
  for (NetlinkMessage message; cutter.next(message);) {
    check_inside(message.body, bytes);
    LoggedPacket packet;
    if (read_logged_packet(message.body, packet)) {
      for (std::string_view part : {packet.payload, packet.prefix, packet.mac, packet.mac_source, packet.conntrack}) {
        check_inside(part, message.body);
      }
    }
    TrackedFlow flow;
    if (read_tracked_flow(message.body, flow)) {
      for (std::string_view part :
           {flow.orig.source, flow.orig.destination, flow.reply.source, flow.reply.destination}) {
        check_inside(part, message.body);
      }
    }
    QueuedPacket queued;
    if (read_queued_packet(message.body, queued)) {
      check_inside(queued.packet.payload, message.body);
      check_inside(queued.packet.mac, message.body);
    }
    NftObject object;
    if (read_nft_object(message.body, object)) {
      check_inside(object.table, message.body);
      check_inside(object.name, message.body);
    }
    NftChange change;
    if (read_nft_change(message.type, message.body, change)) {
      for (std::string_view part : {change.table, change.chain, change.set, change.comment, change.elements}) {
        check_inside(part, message.body);
      }
      NftElement element;
      for (size_t i = 0; read_nft_element(change.elements, i, element); i++) {
        check_inside(element.key, change.elements);
      }
    }
    NftTrace trace;
    if (read_nft_trace(message.body, trace)) {
      for (std::string_view part : {trace.table, trace.chain, trace.target, trace.network_header}) {
        check_inside(part, message.body);
      }
    }
    SetShape shape;
    (void)read_set_shape(message.body, shape);
    if (++messages > size / 16 + 1) {
      std::abort();
    }
  }
  return 0;
}
