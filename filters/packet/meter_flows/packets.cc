// SPDX-License-Identifier: Apache-2.0
#include "filters/packet/meter_flows/packets.hh"

#include <algorithm>
#include <cstring>
#include <utility>

#include "filters/packet/cells.hh"

namespace stook {

namespace {

struct MeterRead {
  const char* name;
  Type type;
};
/// By MeterIn.
constexpr MeterRead reads[meter_ins] = {
    {"ip.saddr", Type::Address},
    {"ip.daddr", Type::Address},
    {"ip.protocol", Type::Unsigned},
    {"tcp.sport", Type::Unsigned},
    {"tcp.dport", Type::Unsigned},
    {"udp.sport", Type::Unsigned},
    {"udp.dport", Type::Unsigned},
    {"sctp.sport", Type::Unsigned},
    {"sctp.dport", Type::Unsigned},
    {"tcp.fin", Type::Boolean},
    {"tcp.syn", Type::Boolean},
    {"tcp.rst", Type::Boolean},
    {"tcp.psh", Type::Boolean},
    {"tcp.ack", Type::Boolean},
    {"tcp.urg", Type::Boolean},
    {"icmp.type", Type::Unsigned},
    {"icmp.code", Type::Unsigned},
    {"icmp.echoid", Type::Unsigned},
    {"icmpv6.type", Type::Unsigned},
    {"icmpv6.code", Type::Unsigned},
    {"icmpv6.echoid", Type::Unsigned},
    {"ip.totlen", Type::Unsigned},
    {"ip6.payloadlen", Type::Unsigned},
    {"raw.pktlen", Type::Unsigned},
    {"time", Type::Time},
    {"oob.time.sec", Type::Unsigned},
    {"oob.time.usec", Type::Unsigned},
    {"oob.ifindex_in", Type::Unsigned},
    {"oob.ifindex_out", Type::Unsigned},
};
constexpr MeterIn flag_of_bit[] = {meter_fin, meter_syn, meter_rst, meter_psh, meter_ack, meter_urg};
/// Source and destination ports, by the protocols that have them.
constexpr MeterIn port_pairs[][2] = {{meter_tcp_source, meter_tcp_destination},
                                     {meter_udp_source, meter_udp_destination},
                                     {meter_sctp_source, meter_sctp_destination}};
constexpr MeterIn icmp_keys[][3] = {{meter_icmp_type, meter_icmp_code, meter_icmp_echo},
                                    {meter_icmp6_type, meter_icmp6_code, meter_icmp6_echo}};
constexpr uint64_t second = 1'000'000'000;
constexpr uint64_t microsecond = 1000;
constexpr uint64_t latest = uint64_t{1} << 62;  // ns
constexpr uint64_t wide_head = 40;

struct End {
  uint64_t address[2] = {0, 0};
  uint16_t port = 0;
};

bool is_above(const End& one, const End& other) {
  if (one.address[0] != other.address[0]) {
    return one.address[0] > other.address[0];
  }
  if (one.address[1] != other.address[1]) {
    return one.address[1] > other.address[1];
  }
  return one.port > other.port;
}

uint64_t folded(uint64_t one, uint64_t other) {
  __extension__ using Wide = unsigned __int128;
  Wide product = static_cast<Wide>(one) * other;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint32_t hash_of(const MeterKey& key, uint64_t seed) {
  constexpr uint64_t odd = 0x9e3779b97f4a7c15;
  uint64_t one = folded(key.low[0] ^ seed, key.low[1] ^ odd);
  uint64_t two = folded(key.high[0] ^ odd, key.high[1] ^ (seed + odd));
  uint64_t all = folded(one ^ key.rest, two ^ (seed | 1));
  return static_cast<uint32_t>(all ^ all >> 32);
}

}  // namespace

void declare_meter_reads(Wiring& wiring) {
  for (size_t i = 0; i < meter_ins; i++) {
    wiring.reads.push_back({reads[i].name, reads[i].type, i > meter_destination});
  }
}

void MeterPackets::begin(const Batch& batch, int64_t now) {
  now_ = now;
  for (size_t i = 0; i < meter_ins; i++) {
    columns_[i] = batch.read(batch.in(i));
  }
}

bool MeterPackets::read(Row row, MeteredPacket& packet) const {
  std::string_view source = address_at(columns_[meter_source], row);
  std::string_view destination = address_at(columns_[meter_destination], row);
  if (source.empty() || source.size() != destination.size()) {
    return false;
  }
  packet = {};
  packet.key = key_of(row, packet);
  packet.hash = hash_of(packet.key, seed_);
  packet.time = time(row);
  packet.bytes = length(row, packet.key.is_wide());
  packet.in = static_cast<uint32_t>(number_at(columns_[meter_in], row).value);
  packet.out = static_cast<uint32_t>(number_at(columns_[meter_out], row).value);
  return true;
}

MeterKey MeterPackets::key_of(Row row, MeteredPacket& packet) const {
  End from;
  End to;
  std::string_view source = address_at(columns_[meter_source], row);
  std::string_view destination = address_at(columns_[meter_destination], row);
  std::memcpy(from.address, source.data(), source.size());
  std::memcpy(to.address, destination.data(), destination.size());
  MeterKey::Kind kind = MeterKey::Plain;
  for (const auto& [source_port, destination_port] : port_pairs) {
    if (NumberAt port = number_at(columns_[source_port], row)) {
      from.port = static_cast<uint16_t>(port.value);
      to.port = static_cast<uint16_t>(number_at(columns_[destination_port], row).value);
      kind = MeterKey::Ports;
      packet.flags = source_port == meter_tcp_source ? flags(row) : uint8_t{0};
      break;
    }
  }
  for (const auto& [type_in, code_in, echo_in] : icmp_keys) {
    NumberAt type = number_at(columns_[type_in], row);
    if (kind != MeterKey::Plain || !type) {
      continue;
    }
    NumberAt echo = number_at(columns_[echo_in], row);
    packet.icmp_type = static_cast<uint8_t>(type.value);
    packet.icmp_code = static_cast<uint8_t>(number_at(columns_[code_in], row).value);
    kind = echo ? MeterKey::Echo : MeterKey::Icmp;
    from.port = to.port =
        echo ? static_cast<uint16_t>(echo.value) : static_cast<uint16_t>(packet.icmp_type << 8 | packet.icmp_code);
  }
  packet.is_from_high = is_above(from, to);
  if (packet.is_from_high) {
    std::swap(from, to);
  }
  auto protocol = static_cast<uint8_t>(number_at(columns_[meter_protocol], row).value);
  bool is_wide = source.size() > sizeof(uint32_t);
  return {{from.address[0], from.address[1]},
          {to.address[0], to.address[1]},
          MeterKey::rest_of(from.port, to.port, protocol, kind, is_wide)};
}

uint32_t MeterPackets::length(Row row, bool is_wide) const {
  uint64_t said = number_at(columns_[is_wide ? meter_payload : meter_total], row).value;
  if (said == 0) {  // longer than the header can say
    return static_cast<uint32_t>(number_at(columns_[meter_raw_length], row).value);
  }
  return static_cast<uint32_t>(said + (is_wide ? wide_head : 0));
}

// Between 1970 and 2116, whatever the row says: differences of two times are times too.
int64_t MeterPackets::time(Row row) const {
  const Cell* cell = columns_[meter_time] == nullptr ? nullptr : columns_[meter_time]->find(row);
  if (cell != nullptr && cell->type == Type::Time) {
    return std::clamp<int64_t>(cell->integer, 0, int64_t{latest});
  }
  NumberAt seconds = number_at(columns_[meter_second], row);
  if (!seconds) {
    return now_;
  }
  uint64_t micros = std::min<uint64_t>(number_at(columns_[meter_microsecond], row).value, 999'999);
  return static_cast<int64_t>(std::min(seconds.value, latest / second - 1) * second + micros * microsecond);
}

uint8_t MeterPackets::flags(Row row) const {
  unsigned all = 0;
  for (size_t bit = 0; bit < std::size(flag_of_bit); bit++) {
    all |= unsigned{truth_at(columns_[flag_of_bit[bit]], row)} << bit;
  }
  return static_cast<uint8_t>(all);
}

}  // namespace stook
