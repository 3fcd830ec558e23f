// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/tracked_flow.hh"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <cstddef>

#include "sources/netfilter/attributes.hh"

namespace stook {

namespace {

bool take_address(std::string_view bytes, size_t size, std::string_view& address) {
  address = bytes.substr(0, size);
  return bytes.size() >= size;
}

bool take_addresses(std::string_view nested, FlowDirection& side) {
  return for_each_attribute(nested, [&](int type, std::string_view bytes) {
    switch (type) {
      case CTA_IP_V4_SRC:
        return take_address(bytes, 4, side.source);
      case CTA_IP_V4_DST:
        return take_address(bytes, 4, side.destination);
      case CTA_IP_V6_SRC:
        return take_address(bytes, 16, side.source);
      case CTA_IP_V6_DST:
        return take_address(bytes, 16, side.destination);
      default:
        return true;
    }
  });
}

bool take_protocol(std::string_view nested, FlowDirection& side, TrackedFlow& flow) {
  return for_each_attribute(nested, [&](int type, std::string_view bytes) {
    switch (type) {
      case CTA_PROTO_NUM:
        return take_number(bytes, side.protocol);
      case CTA_PROTO_SRC_PORT:
        flow.has_ports = true;
        return take_number(bytes, side.source_port);
      case CTA_PROTO_DST_PORT:
        return take_number(bytes, side.destination_port);
      case CTA_PROTO_ICMP_TYPE:
      case CTA_PROTO_ICMPV6_TYPE:
        flow.has_icmp = true;
        return take_number(bytes, side.icmp_type);
      case CTA_PROTO_ICMP_CODE:
      case CTA_PROTO_ICMPV6_CODE:
        return take_number(bytes, side.icmp_code);
      default:
        return true;
    }
  });
}

bool take_side(std::string_view nested, FlowDirection& side, TrackedFlow& flow) {
  return for_each_attribute(nested, [&](int type, std::string_view bytes) {
    bool is_own_zone = type == CTA_TUPLE_ZONE && &side == &flow.orig;
    return type == CTA_TUPLE_IP      ? take_addresses(bytes, side)
           : type == CTA_TUPLE_PROTO ? take_protocol(bytes, side, flow)
           : is_own_zone             ? take_number(bytes, flow.zone)
                                     : true;
  });
}

bool take_counters(std::string_view nested, FlowDirection& side) {
  return for_each_attribute(nested, [&](int type, std::string_view bytes) {
    uint32_t small = 0;
    switch (type) {
      case CTA_COUNTERS_PACKETS:
        return take_number(bytes, side.packets);
      case CTA_COUNTERS_BYTES:
        return take_number(bytes, side.bytes);
      case CTA_COUNTERS32_PACKETS:
        side.packets = take_number(bytes, small) ? small : 0;
        return true;
      case CTA_COUNTERS32_BYTES:
        side.bytes = take_number(bytes, small) ? small : 0;
        return true;
      default:
        return true;
    }
  });
}

/// CTA_TIMESTAMP_EVENT, which is younger than the headers of many systems.
constexpr int event_time = 27;

bool take_told(std::string_view bytes, TrackedFlow& flow) {
  uint64_t time = 0;
  bool is_whole = take_number(bytes, time);
  flow.told = static_cast<int64_t>(time);
  return is_whole;
}

bool take_times(std::string_view nested, TrackedFlow& flow) {
  return for_each_attribute(nested, [&](int type, std::string_view bytes) {
    uint64_t time = 0;
    bool is_whole = type != CTA_TIMESTAMP_START && type != CTA_TIMESTAMP_STOP ? true : take_number(bytes, time);
    flow.start = type == CTA_TIMESTAMP_START ? static_cast<int64_t>(time) : flow.start;
    flow.stop = type == CTA_TIMESTAMP_STOP ? static_cast<int64_t>(time) : flow.stop;
    return is_whole;
  });
}

}  // namespace

CarriedCounts counts_since(const CarriedCounts& now, const CarriedCounts& before) {
  auto since = [](uint64_t a, uint64_t b) { return a < b ? a : a - b; };
  return {since(now.orig_packets, before.orig_packets), since(now.orig_bytes, before.orig_bytes),
          since(now.reply_packets, before.reply_packets), since(now.reply_bytes, before.reply_bytes)};
}

bool read_tracked_flow(std::string_view body, TrackedFlow& flow) {
  flow = {};
  if (body.size() < sizeof(nfgenmsg)) {
    return false;
  }
  flow.family = static_cast<uint8_t>(body[offsetof(nfgenmsg, nfgen_family)]);
  body.remove_prefix(sizeof(nfgenmsg));
  return for_each_attribute(body, [&](int type, std::string_view bytes) {
    switch (type) {
      case CTA_TUPLE_ORIG:
        return take_side(bytes, flow.orig, flow);
      case CTA_TUPLE_REPLY:
        return take_side(bytes, flow.reply, flow);
      case CTA_COUNTERS_ORIG:
        flow.has_counters = true;
        return take_counters(bytes, flow.orig);
      case CTA_COUNTERS_REPLY:
        return take_counters(bytes, flow.reply);
      case CTA_MARK:
        return take_number(bytes, flow.mark);
      case CTA_ID:
        return take_number(bytes, flow.id);
      case CTA_ZONE:
        return take_number(bytes, flow.zone);
      case CTA_TIMESTAMP:
        return take_times(bytes, flow);
      case event_time:
        return take_told(bytes, flow);
      default:
        return true;
    }
  });
}

}  // namespace stook
