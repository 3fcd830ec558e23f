// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/logged_rows.hh"

#include <linux/netfilter/nfnetlink_log.h>

#include "core/api/identity.hh"
#include "core/base/clock.hh"
#include "core/base/few_bytes.hh"

namespace stook {

namespace {

/// In ulogd's order, which its GPRINT and OPRINT show.
enum LoggedKey : size_t {
  raw_mac,
  raw_pkt,
  raw_pktlen,
  raw_pktcount,
  prefix,
  time_sec,
  time_usec,
  mark,
  ifindex_in,
  ifindex_out,
  hook,
  mac_len,
  seq_local,
  seq_global,
  family,
  protocol,
  uid,
  gid,
  label,
  raw_type,
  mac_saddr,
  mac_addrlen,
  ct,
  recv_time,
  id_of
};
static_assert(id_of + 1 == LoggedRows::keys);

}  // namespace

void LoggedRows::declare(Wiring& wiring) {
  wiring.writes = {
      {"raw.mac", Type::Bytes, "", "the header of the link", true},
      {"raw.pkt", Type::Bytes, "", "the packet from its network header on, as far as it was copied", true},
      {"raw.pktlen", Type::Unsigned, "B", "how much of the packet was copied", false},
      {"raw.pktcount", Type::Unsigned, "", "1", false},
      {"oob.prefix", Type::Text, "", "the prefix that the rule gives", false},
      {"oob.time.sec", Type::Unsigned, "s",
       "when the packet came, since 1970; of those without a stamp: when it was read", false},
      {"oob.time.usec", Type::Unsigned, "us", "the part of the second", false},
      {"oob.mark", Type::Unsigned, "", "the packet's mark", false},
      {"oob.ifindex_in", Type::Unsigned, "", "the interface it came by, by number", false},
      {"oob.ifindex_out", Type::Unsigned, "", "the interface it leaves by, by number", false},
      {"oob.hook", Type::Unsigned, "", "the hook: 0 prerouting to 4 postrouting", false},
      {"raw.mac_len", Type::Unsigned, "B", "bytes of raw.mac", false},
      {"oob.seq.local", Type::Unsigned, "", "number within the group; with seq_local", false},
      {"oob.seq.global", Type::Unsigned, "", "number over all groups; with seq_global", false},
      {"oob.family", Type::Unsigned, "", "2 IPv4, 10 IPv6, 7 bridge, 3 ARP, 5 netdev", false},
      {"oob.protocol", Type::Unsigned, "", "what the link carries: 2048 IPv4, 34525 IPv6", false},
      {"oob.uid", Type::Unsigned, "", "user of the socket that sends it", false},
      {"oob.gid", Type::Unsigned, "", "group of the socket that sends it", false},
      {"raw.label", Type::Unsigned, "", "the option numeric_label", false},
      {"raw.type", Type::Unsigned, "", "kind of link: 1 Ethernet, 772 loopback", false},
      {"raw.mac.saddr", Type::Bytes, "", "the sender's address on the link", true},
      {"raw.mac.addrlen", Type::Unsigned, "B", "bytes of raw.mac.saddr", false},
      {"ct", Type::Bytes, "", "its connection, as attributes of nfnetlink_conntrack; with attach_conntrack", true},
      {"recv.time", Type::Time, "", "when it was read", true},
      {"stook.id", Type::Text, "", "tells the row from all others", true}};
}

void LoggedRows::attach(Feed& feed, const LoggedRowRules& rules) {
  feed_ = &feed;
  rules_ = rules;
  id_ = id_of_run(feed.id());
}

// A bundle's columns are looked up with its first row, and not with each value; its rows are read within one callback, and so at
// one time.
void LoggedRows::begin(Bundle& bundle) {
  now_ = wall_ns();
  for (size_t key = 0; key < keys; key++) {
    KeyId id = feed_->out(key);
    columns_[key] = id == no_key ? nullptr : &bundle.writable(id);
  }
}

void LoggedRows::put_bytes(Bundle& bundle, Row row, size_t key, Type type, std::string_view bytes) {
  if (columns_[key] != nullptr) {
    char* to = bundle.arena().take(bytes.size());
    copy_few(to, bytes.data(), bytes.size());
    columns_[key]->set(row, Cell::of_slice(type, {to, bytes.size()}));
  }
}

void LoggedRows::put_link(Bundle& bundle, Row row, const LoggedPacket& packet) {
  if (!packet.mac.empty()) {
    put_bytes(bundle, row, raw_mac, Type::Bytes, packet.mac);
    put_number(row, mac_len, packet.mac.size());
    put_number(row, raw_type, packet.hardware_type);
  }
  if (packet.has(NFULA_HWADDR)) {
    put_bytes(bundle, row, mac_saddr, Type::Bytes, packet.mac_source);
    put_number(row, mac_addrlen, packet.mac_source.size());
  }
}

// The kernel stamps what comes from a network. What the machine sends itself has the time at which it is read.
void LoggedRows::put_time(Row row, const LoggedPacket& packet) {
  constexpr uint64_t usec = 1000;
  constexpr uint64_t second = 1'000'000'000;
  auto now = static_cast<uint64_t>(now_);
  put_number(row, time_sec, packet.sec == 0 ? now / second : packet.sec);
  put_number(row, time_usec, packet.sec == 0 ? now % second / usec : packet.usec);
}

void LoggedRows::put_about(Bundle& bundle, Row row) {
  rows_++;
  if (columns_[recv_time] != nullptr) {
    columns_[recv_time]->set(row, Cell::of_time(now_));
  }
  if (columns_[id_of] != nullptr) {
    put_bytes(bundle, row, id_of, Type::Text, id_ + "0." + std::to_string(rows_));
  }
}

void LoggedRows::put(Bundle& bundle, const LoggedPacket& packet) {
  struct Number {
    int attribute;
    size_t key;
    uint64_t value;
  };
  const Number numbers[] = {{NFULA_PACKET_HDR, hook, packet.hook},
                            {NFULA_PACKET_HDR, protocol, packet.protocol},
                            {NFULA_IFINDEX_INDEV, ifindex_in, packet.in},
                            {NFULA_IFINDEX_OUTDEV, ifindex_out, packet.out},
                            {NFULA_UID, uid, packet.uid},
                            {NFULA_GID, gid, packet.gid}};
  Row row = bundle.append();
  if (row == 0) {
    begin(bundle);
  }
  for (const Number& number : numbers) {
    if (packet.has(number.attribute)) {
      put_number(row, number.key, number.value);
    }
  }
  put_number(row, family, packet.family);
  put_number(row, mark, packet.mark);
  put_number(row, raw_pktcount, 1);
  put_number(row, label, rules_.label);
  put_link(bundle, row, packet);
  if (packet.has(NFULA_PAYLOAD)) {
    put_bytes(bundle, row, raw_pkt, Type::Bytes, packet.payload);
    put_number(row, raw_pktlen, packet.payload.size());
  }
  if (packet.has(NFULA_PREFIX)) {
    put_bytes(bundle, row, prefix, Type::Text, packet.prefix);
  }
  put_time(row, packet);
  if (rules_.has_sequence && packet.has(NFULA_SEQ)) {
    put_number(row, seq_local, packet.sequence);
  }
  if (rules_.has_global_sequence && packet.has(NFULA_SEQ_GLOBAL)) {
    put_number(row, seq_global, packet.global_sequence);
  }
  if (packet.has(NFULA_CT)) {
    put_bytes(bundle, row, ct, Type::Bytes, packet.conntrack);
  }
  put_about(bundle, row);
}

}  // namespace stook
