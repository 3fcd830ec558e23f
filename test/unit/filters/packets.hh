// SPDX-License-Identifier: Apache-2.0
/// Packets for tests, built from the top down: `ipv4(6, tcp(1, 2, "payload"))`. Lengths are filled in, checksums are not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stook::test {

inline std::string two_bytes(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}
inline std::string four_bytes(uint32_t value) {
  return two_bytes(value >> 16) + two_bytes(value & 0xffff);
}
inline std::string bytes_of(std::initializer_list<int> values) {
  std::string text;
  for (int value : values) {
    text += static_cast<char>(value);
  }
  return text;
}

struct Ipv4Fields {
  unsigned tos = 0;
  unsigned id = 0x1234;
  unsigned fragoff = 0x4000;
  unsigned ttl = 64;
  std::string options = {};
};

/// From 192.0.2.1 to 198.51.100.7.
inline std::string ipv4(unsigned protocol, std::string_view payload, const Ipv4Fields& fields = {}) {
  size_t header = 20 + fields.options.size();
  return bytes_of({static_cast<int>(0x40 | header / 4), static_cast<int>(fields.tos)}) +
         two_bytes(static_cast<unsigned>(header + payload.size())) + two_bytes(fields.id) + two_bytes(fields.fragoff) +
         bytes_of({static_cast<int>(fields.ttl), static_cast<int>(protocol)}) + two_bytes(0xbeef) +
         bytes_of({192, 0, 2, 1, 198, 51, 100, 7}) + fields.options + std::string(payload);
}

/// From 2001:db8::1 to 2001:db8::2, traffic class 0x12, flow label 0x34567.
inline std::string ipv6(unsigned next, std::string_view payload) {
  std::string prefix = bytes_of({0x20, 0x01, 0x0d, 0xb8}) + std::string(11, '\0');
  return four_bytes(0x61234567) + two_bytes(static_cast<unsigned>(payload.size())) +
         bytes_of({static_cast<int>(next), 63}) + prefix + '\1' + prefix + '\2' + std::string(payload);
}

/// An IPv6 extension header of 8 bytes.
inline std::string extension(unsigned next, std::string_view payload) {
  return bytes_of({static_cast<int>(next), 0}) + std::string(6, '\0') + std::string(payload);
}
inline std::string fragment6(unsigned next, unsigned offset, bool has_more, std::string_view payload) {
  return bytes_of({static_cast<int>(next), 0}) + two_bytes(offset | (has_more ? 1u : 0u)) + four_bytes(0xcafe) +
         std::string(payload);
}

inline std::string tcp(unsigned sport, unsigned dport, int flags = 0x18, std::string_view payload = "data",
                       const std::string& options = {}) {
  return two_bytes(sport) + two_bytes(dport) + four_bytes(1000) + four_bytes(2000) +
         bytes_of({static_cast<int>((20 + options.size()) / 4 << 4), flags}) + two_bytes(512) + two_bytes(0xabcd) +
         two_bytes(7) + options + std::string(payload);
}
inline std::string udp(unsigned sport, unsigned dport, std::string_view payload = "data") {
  return two_bytes(sport) + two_bytes(dport) + two_bytes(static_cast<unsigned>(8 + payload.size())) +
         two_bytes(0x1111) + std::string(payload);
}
/// The last four bytes of an ICMP or ICMPv6 header are `rest`.
inline std::string icmp(int type, int code, uint32_t rest, std::string_view payload = "data") {
  return bytes_of({type, code}) + two_bytes(0x2222) + four_bytes(rest) + std::string(payload);
}
inline std::string sctp(unsigned sport, unsigned dport) {
  return two_bytes(sport) + two_bytes(dport) + four_bytes(9) + four_bytes(0x33333333) + "chunk";
}
inline std::string esp(uint32_t spi) {
  return four_bytes(spi) + four_bytes(1) + "sealed";
}
inline std::string ah(unsigned next, uint32_t spi, std::string_view payload) {
  return bytes_of({static_cast<int>(next), 4, 0, 0}) + four_bytes(spi) + four_bytes(1) + std::string(12, 'i') +
         std::string(payload);
}
inline std::string gre(unsigned protocol, std::string_view payload) {
  return two_bytes(0x2000) + two_bytes(protocol) + four_bytes(77) + std::string(payload);
}
/// A request of 192.0.2.1 for 192.0.2.2.
inline std::string arp() {
  return two_bytes(1) + two_bytes(0x0800) + bytes_of({6, 4}) + two_bytes(1) + bytes_of({2, 0, 0, 0, 0, 0x0a}) +
         bytes_of({192, 0, 2, 1}) + std::string(6, '\0') + bytes_of({192, 0, 2, 2});
}
inline std::string ethernet(unsigned protocol, std::string_view payload) {
  return bytes_of({2, 0, 0, 0, 0, 0x0b, 2, 0, 0, 0, 0, 0x0a}) + two_bytes(protocol) + std::string(payload);
}

}  // namespace stook::test
