// SPDX-License-Identifier: Apache-2.0
/// Walks a packet from its network layer upwards and writes what is wanted of it. Room: the worker that runs `base`.
///
/// A header is there as a whole or not at all: its keys are written when its fixed part lies within the bytes, else none of
/// them is. No byte is read that is not there, whatever lengths the packet claims. What follows the first fragment of a
/// packet is not taken for a header. Sources: RFC 791, 8200, 9293, 768, 3828, 792, 4443, 9260, 4302, 4303, 2784, 2890, 826.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/data/batch.hh"
#include "core/data/endian.hh"
#include "filters/packet/keys.hh"

namespace stook {

/// *Invariants:* only columns that somebody reads are touched; cells are slices of the packet or hold numbers.
/// *Rooms:* one worker.
class PacketWalker {
 public:
  /// How many writes `begin` looks at.
  static constexpr size_t writes = packet_keys + (inner_end - inner_begin);

  /// Looks which keys are wanted: the batch's declared writes from `first` on.
  void begin(Batch& batch, size_t first);
  /// Whether anything at all is wanted of a packet.
  bool is_wanted() const { return wanted_ != 0; }
  /// Walks one packet. `protocol`: the EtherType of what it begins with. Null, or what is wrong with it.
  const char* walk(Row row, std::string_view packet, uint32_t protocol);

 private:
  using Bytes = std::string_view;

  const char* ethertype(Bytes bytes, uint32_t protocol);
  const char* arp(Bytes bytes);
  const char* ipv4(Bytes bytes);
  const char* ipv6(Bytes bytes);
  const char* chain(Bytes bytes, uint8_t protocol);
  const char* transport(Bytes bytes, uint8_t protocol);
  const char* tcp(Bytes bytes);
  const char* tcp_options(Bytes options);
  const char* udp(Bytes bytes);
  const char* icmp(Bytes bytes);
  const char* icmpv6(Bytes bytes);
  const char* sctp(Bytes bytes);
  const char* ah(Bytes bytes);
  const char* esp(Bytes bytes);
  const char* gre(Bytes bytes);
  const char* tunnel(Bytes bytes, uint32_t protocol);

  /// Whether keys of the layer are wanted; then their columns are at hand.
  bool enter(PacketLayer layer) {
    uint32_t bit = uint32_t{1} << (static_cast<size_t>(layer) + (is_inner_ ? 16 : 0));
    if ((wanted_ & bit) == 0) {
      return false;
    }
    if ((ready_ & bit) == 0) {
      take_columns(layer);
      ready_ |= bit;
    }
    return true;
  }
  /// Whether anything is wanted that comes after the IP header.
  bool wants_more() const {
    constexpr uint32_t heads = 1u << static_cast<int>(PacketLayer::Link) | 1u << static_cast<int>(PacketLayer::Ip) |
                               1u << static_cast<int>(PacketLayer::Ip6);
    return ((is_inner_ ? wanted_ >> 16 : wanted_) & ~heads) != 0;
  }
  void take_columns(PacketLayer layer);
  size_t slot_of(size_t key) const { return is_inner_ ? packet_keys + key - inner_begin : key; }
  void put(PacketKey key, const Cell& cell) {
    if (Column* column = here_[key]) {
      column->set(row_, cell);
    }
  }
  void put_number(PacketKey key, uint64_t value) { put(key, Cell::of_unsigned(value)); }
  void put_truth(PacketKey key, bool value) { put(key, Cell::of_boolean(value)); }
  void put_address(PacketKey key, Bytes bytes) { put(key, Cell::of_slice(Type::Address, bytes)); }
  void put_byte(PacketKey key, Bytes bytes, size_t at) { put_number(key, static_cast<unsigned char>(bytes[at])); }
  void put_two(PacketKey key, Bytes bytes, size_t at) { put_number(key, big<uint16_t>(bytes.data() + at)); }
  void put_four(PacketKey key, Bytes bytes, size_t at) { put_number(key, big<uint32_t>(bytes.data() + at)); }

  Batch* batch_ = nullptr;
  Row row_ = 0;
  bool is_inner_ = false;   // within a tunnel
  uint32_t wanted_ = 0;     // layers, those of inner packets 16 bits higher
  uint32_t ready_ = 0;      // layers whose columns are at hand
  KeyId ids_[writes] = {};  // no_key: nobody reads it
  Column* columns_[writes] = {};
  Column** here_ = nullptr;  // by PacketKey: those of the packet that is walked, or of the one within it
};

}  // namespace stook
