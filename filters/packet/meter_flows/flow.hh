// SPDX-License-Identifier: Apache-2.0
/// Packets and flows as a meter sees them. Pure.
#pragma once

#include <cstdint>

namespace stook {

/// What tells a packet's flow from others, the same for both directions: two ends, of which `low` is the smaller one,
/// and in `rest` their ports (16 bits each), the protocol and what kind of key it is (8 bits each).
struct MeterKey {
  /// Ports: of those protocols that have some. Icmp: type and code stand in place of ports. Echo: its number does.
  enum Kind : uint8_t { Plain, Ports, Icmp, Echo };

  uint64_t low[2];
  uint64_t high[2];
  uint64_t rest;

  static uint64_t rest_of(uint16_t low_port, uint16_t high_port, uint8_t protocol, Kind kind, bool is_wide) {
    return uint64_t{low_port} << 48 | uint64_t{high_port} << 32 | uint64_t{is_wide} << 16 | uint64_t{protocol} << 8 |
           kind;
  }
  uint16_t low_port() const { return static_cast<uint16_t>(rest >> 48); }
  uint16_t high_port() const { return static_cast<uint16_t>(rest >> 32); }
  uint8_t protocol() const { return static_cast<uint8_t>(rest >> 8); }
  Kind kind() const { return static_cast<Kind>(rest & 0xff); }
  /// Addresses have 16 bytes.
  bool is_wide() const { return (rest >> 16 & 1) != 0; }
  bool operator==(const MeterKey&) const = default;
};

/// The bits of TCP's flags, as the header has them.
enum TcpFlag : uint8_t { tcp_flag_fin = 1, tcp_flag_syn = 2, tcp_flag_rst = 4, tcp_flag_ack = 16 };

struct MeteredPacket {
  MeterKey key;
  int64_t time;  // ns since 1970
  uint32_t bytes;
  uint32_t in;  // interfaces by number, 0: not known
  uint32_t out;
  uint32_t hash;
  uint8_t flags;  // of TCP
  uint8_t icmp_type;
  uint8_t icmp_code;
  bool is_from_high;  // the end that sends is `key.high`
};

/// Why a flow ended: flowEndReason of IANA's registry. Open: it has not.
enum class FlowEnd : uint8_t { Open, Idle, Active, Closed, Forced, Lack };

/// A flow, open or ended. Arrays: there, and back.
struct alignas(64) MeteredFlow {
  MeterKey key;
  int64_t start;  // of the first packet
  int64_t last;
  uint32_t hash;
  uint32_t next;  // in a list of places
  uint64_t bytes[2];
  uint64_t packets[2];
  uint32_t in;
  uint32_t out;
  uint8_t flags[2];
  uint8_t icmp_type;
  uint8_t icmp_code;
  FlowEnd end;
  bool is_there;      // the place holds a flow that is open
  bool is_from_high;  // who began it is `key.high`
};
static_assert(sizeof(MeteredFlow) == 128);

}  // namespace stook
