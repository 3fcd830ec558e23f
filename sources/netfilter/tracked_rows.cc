// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/tracked_rows.hh"

#include "core/base/clock.hh"

namespace stook {

namespace {

/// In ulogd's order, which its GPRINT and OPRINT show.
enum TrackedKey : size_t {
  orig_source,
  orig_destination,
  orig_protocol,
  orig_source_port,
  orig_destination_port,
  orig_bytes,
  orig_packets,
  reply_source,
  reply_destination,
  reply_protocol,
  reply_source_port,
  reply_destination_port,
  reply_bytes,
  reply_packets,
  icmp_code,
  icmp_type,
  ct_mark,
  ct_id,
  ct_event,
  start_sec,
  start_usec,
  end_sec,
  end_usec,
  oob_family,
  oob_protocol,
  ct_raw,
  resync,
  recv_time,
  orig_bytes_since,
  orig_packets_since,
  reply_bytes_since,
  reply_packets_since,
  end_reason,
  ct_zone
};

constexpr int64_t second = 1'000'000'000;
constexpr int64_t microsecond = 1000;

}  // namespace

void declare_tracked_keys(Wiring& wiring) {
  auto number = [&](const char* name, const char* unit, const char* doc) {
    wiring.writes.push_back({name, Type::Unsigned, unit, doc, false});
  };
  auto side = [&](const std::string& name) {
    wiring.writes.push_back({name + ".ip.saddr", Type::Address, "", "who sends in this direction", false});
    wiring.writes.push_back({name + ".ip.daddr", Type::Address, "", "to whom", false});
    number((name + ".ip.protocol").c_str(), "", "6 TCP, 17 UDP, 1 ICMP");
    number((name + ".l4.sport").c_str(), "", "from which port");
    number((name + ".l4.dport").c_str(), "", "to which port");
    number((name + ".raw.pktlen").c_str(), "B", "bytes in this direction; takes nf_conntrack_acct");
    number((name + ".raw.pktcount").c_str(), "", "packets in this direction");
  };
  wiring.writes.clear();
  side("orig");
  side("reply");
  number("icmp.code", "", "of ICMP");
  number("icmp.type", "", "of ICMP");
  number("ct.mark", "", "the connection's mark");
  number("ct.id", "", "the kernel's number of it");
  number("ct.event", "", "1 new, 2 changed, 4 ended");
  number("flow.start.sec", "s", "when it began, since 1970");
  number("flow.start.usec", "us", "the part of the second");
  number("flow.end.sec", "s", "when it ended, since 1970");
  number("flow.end.usec", "us", "the part of the second");
  number("oob.family", "", "2 IPv4, 10 IPv6");
  number("oob.protocol", "", "0");
  wiring.writes.push_back({"ct", Type::Bytes, "", "the message, as nfnetlink_conntrack has it", true});
  wiring.writes.push_back(
      {"resync", Type::Boolean, "", "its end was not told: it was missing from a later list", false});
  wiring.writes.push_back({"recv.time", Type::Time, "", "when it was read", true});
  for (const char* side_name : {"orig", "reply"}) {
    number((std::string(side_name) + ".raw.pktlen.delta").c_str(), "B",
           "bytes in this direction since the row before; with active_timeout");
    number((std::string(side_name) + ".raw.pktcount.delta").c_str(), "",
           "packets in this direction since the row before; with active_timeout");
  }
  number("flow.end.reason", "", "2 it goes on, 3 it has ended; with active_timeout");
  number("ct.zone", "", "its zone, where that is not 0");
}

void put_tracked_row(Feed& feed, Bundle& bundle, const TrackedFlow& flow, const FlowNews& news, std::string_view body) {
  Row row = bundle.append();
  auto set = [&](size_t key, const Cell& cell) {
    if (KeyId id = feed.out(key); id != no_key) {
      bundle.put(id, row, cell);
    }
  };
  auto number = [&](size_t key, uint64_t value) { set(key, Cell::of_unsigned(value)); };
  auto time = [&](size_t key, int64_t ns) {
    if (ns > 0) {
      number(key, static_cast<uint64_t>(ns / second));
      number(key + 1, static_cast<uint64_t>(ns % second / microsecond));
    }
  };
  auto side = [&](size_t first, const FlowDirection& one) {
    set(first, Cell::of_slice(Type::Address, bundle.arena().copy(one.source)));
    set(first + 1, Cell::of_slice(Type::Address, bundle.arena().copy(one.destination)));
    number(first + 2, one.protocol);
    if (flow.has_ports) {
      number(first + 3, one.source_port);
      number(first + 4, one.destination_port);
    }
    number(first + 5, one.bytes);
    number(first + 6, one.packets);
  };
  side(orig_source, flow.orig);
  side(reply_source, flow.reply);
  if (flow.has_icmp) {
    number(icmp_code, flow.orig.icmp_code);
    number(icmp_type, flow.orig.icmp_type);
  }
  number(ct_mark, flow.mark);
  number(ct_id, flow.id);
  number(ct_event, static_cast<uint64_t>(news.event));
  time(start_sec, news.start);
  time(end_sec, news.end);
  number(oob_family, flow.family);
  number(oob_protocol, 0);
  if (feed.out(ct_raw) != no_key) {
    set(ct_raw, Cell::of_slice(Type::Bytes, bundle.arena().copy(body)));
  }
  if (news.is_resync) {
    set(resync, Cell::of_boolean(true));
  }
  set(recv_time, Cell::of_time(wall_ns()));
  if (news.reason != 0) {
    number(orig_bytes_since, news.since.orig_bytes);
    number(orig_packets_since, news.since.orig_packets);
    number(reply_bytes_since, news.since.reply_bytes);
    number(reply_packets_since, news.since.reply_packets);
    number(end_reason, news.reason);
  }
  if (flow.zone != 0) {
    number(ct_zone, flow.zone);
  }
}

}  // namespace stook
