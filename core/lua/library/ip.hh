// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Addresses and networks as 16 bytes, out of text.
#pragma once

#include <cstdint>
#include <string_view>

namespace stook {

/// An address or a network: IPv4 stands in IPv6's last four bytes, behind ten bytes 0 and two bytes 255.
struct Network {
  uint8_t bytes[16] = {};
  uint8_t bits = 128;  // of the 128
  bool is_v4 = false;

  /// The first so many bits are the same.
  bool has_common(const uint8_t* other, unsigned count) const;
  bool bit(unsigned i) const { return (bytes[i >> 3] >> (7 - (i & 7)) & 1) != 0; }
  /// Sets all bits behind the first `count` to 0.
  void mask(unsigned count);
};

/// Reads an address, of either kind. False: it is none.
[[nodiscard]] bool read_address(std::string_view text, Network& address);
/// Reads an address or `ADDRESS/BITS`; bits behind the network's are cleared.
[[nodiscard]] bool read_network(std::string_view text, Network& network);

}  // namespace stook
