// SPDX-License-Identifier: Apache-2.0
#include "sources/pcap/rows.hh"

#include <charconv>
#include <cstring>

#include "core/data/endian.hh"

namespace stook {

namespace {
constexpr int64_t ns_of_second = 1'000'000'000;

struct AddressPair {
  uint64_t one = 0;
  uint64_t two = 0;
};

AddressPair addresses_of(const LinkFrame& frame) {
  AddressPair pair;
  const char* bytes = frame.packet.data();
  if (frame.family == 2 && frame.packet.size() >= 20) {
    pair = {big<uint32_t>(bytes + 12), big<uint32_t>(bytes + 16)};
  } else if (frame.family == 10 && frame.packet.size() >= 40) {
    pair = {big<uint64_t>(bytes + 8) ^ big<uint64_t>(bytes + 16) * 3,
            big<uint64_t>(bytes + 24) ^ big<uint64_t>(bytes + 32) * 3};
  }
  return pair;
}
}  // namespace

void declare_pcap_keys(Wiring& wiring, bool is_live) {
  const Key keys[pcap_keys] = {
      {"raw.pkt", Type::Bytes, "", "the packet from its network layer on", true},
      {"raw.pktlen", Type::Unsigned, "bytes", "length of raw.pkt", false},
      {"raw.pktcount", Type::Unsigned, "", "1", false},
      {"raw.mac", Type::Bytes, "", "the link-layer header", true},
      {"raw.mac_len", Type::Unsigned, "bytes", "length of raw.mac", false},
      {"raw.mac.saddr", Type::Bytes, "", "the sender's link-layer address", true},
      {"raw.mac.addrlen", Type::Unsigned, "bytes", "length of raw.mac.saddr", false},
      {"raw.type", Type::Unsigned, "", "kind of the link layer, ARPHRD_*: 1 is Ethernet", false},
      {"oob.time.sec", Type::Unsigned, "s", "when the packet was captured, since 1970", false},
      {"oob.time.usec", Type::Unsigned, "us", "the microseconds of that second", false},
      {"time", Type::Time, "", "when the packet was captured", false},
      {"oob.family", Type::Unsigned, "", "2 IPv4, 10 IPv6, 3 ARP", false},
      {"oob.protocol", Type::Unsigned, "", "EtherType of raw.pkt", false},
      {"oob.prefix", Type::Text, "", "what the log rule said (link type NFLOG)", false},
      {"oob.hook", Type::Unsigned, "", "the netfilter hook (link type NFLOG)", false},
      {"oob.mark", Type::Unsigned, "", "the packet's mark (link type NFLOG)", false},
      {"oob.ifindex_in", Type::Unsigned, "", "interface it came in by (link types NFLOG, SLL2)", false},
      {"oob.ifindex_out", Type::Unsigned, "", "interface it leaves by (link types NFLOG, SLL2)", false},
      {"oob.uid", Type::Unsigned, "", "user of the sending socket (link type NFLOG)", false},
      {"oob.gid", Type::Unsigned, "", "group of the sending socket (link type NFLOG)", false},
      {"oob.seq.local", Type::Unsigned, "", "number of the packet: NFLOG's own, else counted from 0", false},
      {"oob.seq.global", Type::Unsigned, "", "number over all groups (link type NFLOG)", false},
      {"vlan.id", Type::Unsigned, "", "of the outermost 802.1Q tag", true},
      {"stook.id", Type::Text, "", "tells the row from all others, the same when it is read again", true},
      {"file.path", Type::Text, "", "the file the packet was read from", true},
  };
  wiring.writes.insert(wiring.writes.end(), std::begin(keys), std::end(keys) - (is_live ? 1 : 0));
}

uint64_t flow_number(const LinkFrame& frame) {
  AddressPair pair = addresses_of(frame);
  // Symmetric, so that both directions agree; multiplied, so that neighbours spread.
  uint64_t mixed = (pair.one + pair.two) ^ (pair.one * pair.two);
  return (mixed * 0x9e3779b97f4a7c15u) >> 32;
}

void PcapRows::attach(Feed& feed, bool is_live) {
  for (size_t key = 0; key < pcap_keys; key++) {
    ids_[key] = is_live && key == pcap_path ? no_key : feed.out(key);
  }
  auto wants = [this](PcapKey key) ROOM(front) { return ids_[key] != no_key; };
  wants_head_ = wants(pcap_mac) || wants(pcap_sender) || wants(pcap_prefix);
  for (size_t key = pcap_prefix; key < pcap_keys; key++) {
    wants_more_ = wants_more_ || wants(static_cast<PcapKey>(key));
  }
}

void PcapRows::put(Bundle& bundle, const CapturedPacket& packet, const LinkFrame& frame, uint64_t offset) {
  Row row = bundle.append();
  put_bytes(bundle, row, packet, frame);
  set_number(bundle, pcap_pktlen, row, static_cast<int64_t>(frame.packet.size()));
  set_number(bundle, pcap_pktcount, row, 1);
  set_number(bundle, pcap_family, row, frame.family);
  set_number(bundle, pcap_protocol, row, frame.protocol);
  set_number(bundle, pcap_type, row, frame.type);
  if (packet.has_time) {
    set(bundle, pcap_time, row, Cell::of_time(packet.time));
    set_number(bundle, pcap_time_sec, row, packet.time / ns_of_second);
    set_number(bundle, pcap_time_usec, row, packet.time % ns_of_second / 1000);
  }
  if (wants_more_) {
    put_more(bundle, row, frame, offset);
  }
  rows_++;
}

// One copy of what is wanted; the cells are slices of it.
void PcapRows::put_bytes(Bundle& bundle, Row row, const CapturedPacket& packet, const LinkFrame& frame) {
  if (frame.mac.data() != nullptr) {
    set_number(bundle, pcap_mac_len, row, static_cast<int64_t>(frame.mac.size()));
  }
  if (frame.sender.data() != nullptr) {
    set_number(bundle, pcap_addrlen, row, static_cast<int64_t>(frame.sender.size()));
  }
  if (!wants_head_ && ids_[pcap_pkt] == no_key) {
    return;
  }
  std::string_view from = wants_head_ ? packet.bytes : frame.packet;
  std::string_view copy = bundle.arena().copy(from);
  auto slice = [&](PcapKey key, Type type, std::string_view part) ROOM(front) {
    if (part.data() != nullptr) {
      set(bundle, key, row, Cell::of_slice(type, {copy.data() + (part.data() - from.data()), part.size()}));
    }
  };
  slice(pcap_pkt, Type::Bytes, frame.packet);
  if (wants_head_) {
    slice(pcap_mac, Type::Bytes, frame.mac);
    slice(pcap_sender, Type::Bytes, frame.sender);
    slice(pcap_prefix, Type::Text, frame.prefix);
  }
}

void PcapRows::put_more(Bundle& bundle, Row row, const LinkFrame& frame, uint64_t offset) {
  set_number(bundle, pcap_hook, row, frame.hook);
  set_number(bundle, pcap_mark, row, frame.mark);
  set_number(bundle, pcap_in, row, frame.in);
  set_number(bundle, pcap_out, row, frame.out);
  set_number(bundle, pcap_uid, row, frame.uid);
  set_number(bundle, pcap_gid, row, frame.gid);
  set_number(bundle, pcap_number, row, frame.number >= 0 ? frame.number : static_cast<int64_t>(rows_));
  set_number(bundle, pcap_number_global, row, frame.number_global);
  set_number(bundle, pcap_vlan, row, frame.vlan);
  if (ids_[pcap_path] != no_key) {
    set(bundle, pcap_path, row, Cell::of_text(bundle.arena().copy(path_)));
  }
  if (ids_[pcap_id] != no_key) {
    constexpr size_t digits = 20;
    char* begin = bundle.arena().reserve(id_.size() + digits);
    std::memcpy(begin, id_.data(), id_.size());
    char* end = std::to_chars(begin + id_.size(), begin + id_.size() + digits, offset).ptr;
    bundle.arena().commit(static_cast<size_t>(end - begin));
    set(bundle, pcap_id, row, Cell::of_text({begin, static_cast<size_t>(end - begin)}));
  }
}

}  // namespace stook
