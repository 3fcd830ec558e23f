// SPDX-License-Identifier: Apache-2.0
/// Which packets of a capture are wanted, in the language of tcpdump; libpcap compiles it. The library is loaded when a
/// configuration has a filter. Room: the source's front.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "sources/pcap/reader.hh"

namespace stook {

/// *Invariants:* an expression is compiled once for each link type. *Rooms:* its front.
class PacketFilter {
 public:
  /// Empty: every packet is wanted.
  explicit PacketFilter(std::string expression) : expression_(std::move(expression)) {}
  PacketFilter(const PacketFilter&) = delete;
  PacketFilter& operator=(const PacketFilter&) = delete;
  ~PacketFilter();

  /// Throws std::invalid_argument with one sentence when there is no libpcap, or when it does not understand the expression
  /// for Ethernet.
  static void check(const std::string& expression);

  bool is_empty() const { return expression_.empty(); }
  /// Whether the expression means something for this link type. COLD once for each of them.
  [[nodiscard]] bool knows(uint16_t link);
  /// The compiled expression, 8 bytes an instruction, as the kernel takes it. REQUIRES: knows(link).
  std::string_view instructions(uint16_t link) const;
  /// REQUIRES: knows(packet.link).
  bool wants(const CapturedPacket& packet);

 private:
  /// As libpcap has it: how many instructions of 8 bytes there are, and where.
  struct Program {
    unsigned size = 0;
    void* instructions = nullptr;
  };
  std::string expression_;
  std::map<uint16_t, Program> programs_;  // without instructions: the expression means nothing there
};

}  // namespace stook
