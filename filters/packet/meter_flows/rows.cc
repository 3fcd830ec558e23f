// SPDX-License-Identifier: Apache-2.0
#include "filters/packet/meter_flows/rows.hh"

namespace stook {

namespace {

enum MeterOut : size_t {
  source,
  destination,
  protocol,
  source_port,
  destination_port,
  bytes,
  packets,
  reply_source,
  reply_destination,
  reply_protocol,
  reply_source_port,
  reply_destination_port,
  reply_bytes,
  reply_packets,
  icmp_type,
  icmp_code,
  icmp6_type,
  icmp6_code,
  flags_out,
  reply_flags_out,
  end_reason,
  flow_start,
  flow_start_sec,
  flow_start_usec,
  flow_end,
  flow_end_sec,
  flow_end_usec,
  oob_family,
  ifindex_in,
  ifindex_out,
  meter_outs
};

constexpr int64_t second = 1'000'000'000;
constexpr int64_t microsecond = 1000;
constexpr uint8_t icmp6 = 58;
constexpr uint8_t tcp = 6;

void declare_side(Wiring& wiring, const std::string& name, bool is_reply, const char* behind) {
  auto key = [&](const char* part, Type type, const char* unit, const char* doc, bool is_meta) {
    wiring.writes.push_back({name + part, type, unit, doc, is_meta});
  };
  // The way back is told by the way there: it is for those who name it.
  key(".ip.saddr", Type::Address, "", "who sends in this direction", is_reply);
  key(".ip.daddr", Type::Address, "", "to whom", is_reply);
  key(".ip.protocol", Type::Unsigned, "", "6 TCP, 17 UDP, 1 ICMP", is_reply);
  key(".l4.sport", Type::Unsigned, "", "from which port", is_reply);
  key(".l4.dport", Type::Unsigned, "", "to which port", is_reply);
  wiring.writes.push_back(
      {name + ".raw.pktlen" + behind, Type::Unsigned, "B", "bytes in this direction, from the network layer on"});
  wiring.writes.push_back({name + ".raw.pktcount" + behind, Type::Unsigned, "", "packets in this direction"});
}

}  // namespace

void declare_meter_writes(Wiring& wiring, bool are_deltas) {
  const char* behind = are_deltas ? ".delta" : "";
  declare_side(wiring, "orig", false, behind);
  declare_side(wiring, "reply", true, behind);
  const Key keys[] = {
      {"icmp.type", Type::Unsigned, "", "of the first packet", false},
      {"icmp.code", Type::Unsigned, "", "of the first packet", false},
      {"icmpv6.type", Type::Unsigned, "", "of the first packet", false},
      {"icmpv6.code", Type::Unsigned, "", "of the first packet", false},
      {"tcpControlBits", Type::Unsigned, "", "all flags of TCP seen on the way there", false},
      {"reverseTcpControlBits", Type::Unsigned, "", "all flags of TCP seen on the way back", false},
      {"flow.end.reason", Type::Unsigned, "",
       "1 silent, 2 longer than active_timeout, 3 closed, 4 the end of the stack, 5 too many flows", false},
      {"flow.start", Type::Time, "", "when the first packet came", false},
      {"flow.start.sec", Type::Unsigned, "s", "the same in whole seconds", true},
      {"flow.start.usec", Type::Unsigned, "us", "and its microseconds", true},
      {"flow.end", Type::Time, "", "when the last packet came", false},
      {"flow.end.sec", Type::Unsigned, "s", "the same in whole seconds", true},
      {"flow.end.usec", Type::Unsigned, "us", "and its microseconds", true},
      {"oob.family", Type::Unsigned, "", "2 IPv4, 10 IPv6", false},
      {"oob.ifindex_in", Type::Unsigned, "", "interface by which the first packet came", false},
      {"oob.ifindex_out", Type::Unsigned, "", "interface by which it left", false},
  };
  wiring.writes.insert(wiring.writes.end(), std::begin(keys), std::end(keys));
}

MeterRows::MeterRows(Batch& batch) : arena_(batch.arena()) {
  static_assert(meter_outs == outs);
  for (size_t out = 0; out < meter_outs; out++) {
    columns_[out] = batch.write(batch.out(out));
  }
}

// An end of the flow: it sends in one direction, and is sent to in the other.
void MeterRows::put_end(Row row, size_t there, size_t back, const uint64_t (&address)[2], bool is_wide) {
  if (columns_[there] == nullptr && columns_[back] == nullptr) {
    return;
  }
  std::string_view raw(reinterpret_cast<const char*>(address), is_wide ? sizeof address : sizeof(uint32_t));
  Cell cell = Cell::of_slice(Type::Address, arena_.copy(raw));
  set(there, row, cell);
  set(back, row, cell);
}

void MeterRows::put_times(Row row, size_t first, int64_t time) {
  set(first, row, Cell::of_time(time));
  set(first + 1, row, Cell::of_unsigned(static_cast<uint64_t>(time / second)));
  set(first + 2, row, Cell::of_unsigned(static_cast<uint64_t>(time % second / microsecond)));
}

void MeterRows::put(Row row, const MeteredFlow& flow) {
  auto number = [&](size_t out, uint64_t value) { set(out, row, Cell::of_unsigned(value)); };
  const MeterKey& key = flow.key;
  bool is_from_high = flow.is_from_high;
  put_end(row, source, reply_destination, is_from_high ? key.high : key.low, key.is_wide());
  put_end(row, destination, reply_source, is_from_high ? key.low : key.high, key.is_wide());
  if (key.kind() == MeterKey::Ports) {
    uint16_t one = is_from_high ? key.high_port() : key.low_port();
    uint16_t other = is_from_high ? key.low_port() : key.high_port();
    number(source_port, one);
    number(destination_port, other);
    number(reply_source_port, other);
    number(reply_destination_port, one);
  }
  number(protocol, key.protocol());
  number(reply_protocol, key.protocol());
  number(bytes, flow.bytes[0]);
  number(packets, flow.packets[0]);
  number(reply_bytes, flow.bytes[1]);
  number(reply_packets, flow.packets[1]);
  if (key.protocol() == tcp) {
    number(flags_out, flow.flags[0]);
    number(reply_flags_out, flow.flags[1]);
  }
  if (key.kind() == MeterKey::Icmp || key.kind() == MeterKey::Echo) {
    number(key.protocol() == icmp6 ? icmp6_type : icmp_type, flow.icmp_type);
    number(key.protocol() == icmp6 ? icmp6_code : icmp_code, flow.icmp_code);
  }
  number(end_reason, static_cast<uint64_t>(flow.end));
  put_times(row, flow_start, flow.start);
  put_times(row, flow_end, flow.last);
  number(oob_family, key.is_wide() ? 10 : 2);
  if (flow.in != 0) {
    number(ifindex_in, flow.in);
  }
  if (flow.out != 0) {
    number(ifindex_out, flow.out);
  }
}

}  // namespace stook
