// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/tracked_rows.hh"

#include "core/base/clock.hh"
#include "core/base/few_bytes.hh"

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
static_assert(ct_zone + 1 == TrackedRows::keys);

constexpr int64_t second = 1'000'000'000;
constexpr int64_t microsecond = 1000;

}  // namespace

void TrackedRows::declare(Wiring& wiring) {
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

// A bundle's columns are looked up with its first row, and not with each value; its rows are read within one callback, and so at
// one time.
void TrackedRows::begin(Bundle& bundle) {
  now_ = wall_ns();
  for (size_t key = 0; key < keys; key++) {
    KeyId id = feed_->out(key);
    columns_[key] = id == no_key ? nullptr : &bundle.writable(id);
  }
}

void TrackedRows::put_bytes(Bundle& bundle, Row row, size_t key, Type type, std::string_view bytes) {
  if (columns_[key] != nullptr) {
    char* to = bundle.arena().take(bytes.size());
    copy_few(to, bytes.data(), bytes.size());
    columns_[key]->set(row, Cell::of_slice(type, {to, bytes.size()}));
  }
}

void TrackedRows::put_time(Row row, size_t key, int64_t ns) {
  if (ns > 0) {
    put_number(row, key, static_cast<uint64_t>(ns / second));
    put_number(row, key + 1, static_cast<uint64_t>(ns % second / microsecond));
  }
}

void TrackedRows::put_side(Bundle& bundle, Row row, size_t first, const FlowDirection& side, bool has_ports) {
  put_bytes(bundle, row, first, Type::Address, side.source);
  put_bytes(bundle, row, first + 1, Type::Address, side.destination);
  put_number(row, first + 2, side.protocol);
  if (has_ports) {
    put_number(row, first + 3, side.source_port);
    put_number(row, first + 4, side.destination_port);
  }
  put_number(row, first + 5, side.bytes);
  put_number(row, first + 6, side.packets);
}

void TrackedRows::put_part(Row row, const FlowNews& news) {
  put_number(row, orig_bytes_since, news.since.orig_bytes);
  put_number(row, orig_packets_since, news.since.orig_packets);
  put_number(row, reply_bytes_since, news.since.reply_bytes);
  put_number(row, reply_packets_since, news.since.reply_packets);
  put_number(row, end_reason, news.reason);
}

void TrackedRows::put(Bundle& bundle, const TrackedFlow& flow, const FlowNews& news, std::string_view body) {
  Row row = bundle.append();
  if (row == 0) {
    begin(bundle);
  }
  put_side(bundle, row, orig_source, flow.orig, flow.has_ports);
  put_side(bundle, row, reply_source, flow.reply, flow.has_ports);
  if (flow.has_icmp) {
    put_number(row, icmp_code, flow.orig.icmp_code);
    put_number(row, icmp_type, flow.orig.icmp_type);
  }
  put_number(row, ct_mark, flow.mark);
  put_number(row, ct_id, flow.id);
  put_number(row, ct_event, static_cast<uint64_t>(news.event));
  put_time(row, start_sec, news.start);
  put_time(row, end_sec, news.end);
  put_number(row, oob_family, flow.family);
  put_number(row, oob_protocol, 0);
  put_bytes(bundle, row, ct_raw, Type::Bytes, body);
  if (news.is_resync && columns_[resync] != nullptr) {
    columns_[resync]->set(row, Cell::of_boolean(true));
  }
  if (columns_[recv_time] != nullptr) {
    columns_[recv_time]->set(row, Cell::of_time(now_));
  }
  if (news.reason != 0) {
    put_part(row, news);
  }
  if (flow.zone != 0) {
    put_number(row, ct_zone, flow.zone);
  }
}

}  // namespace stook
