// SPDX-License-Identifier: Apache-2.0
/// Keys of the sets of nftables, part by part: text into the bytes that the kernel compares.
///
/// A key is one part, or several, as `ipv4_addr . inet_service`; each but a lone one is filled up to four bytes. Numbers are in
/// network order, but for marks, which sets hold in the machine's own unless they have intervals.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stook {

/// One part of a key, or a map's value: its kind as the program nft numbers them, and its bytes.
struct SetPart {
  uint32_t kind = 0;
  uint32_t size = 0;
};
/// The kinds that are known here, for messages.
inline constexpr const char* known_set_kinds = "ipv4_addr, ipv6_addr, ether_addr, inet_proto, inet_service and mark";

/// The parts of keys of this type. Empty: they are not known here.
std::vector<SetPart> parts_of_key(uint32_t type, uint32_t size);
bool is_mark(const SetPart& part);
/// The bytes of one part; empty: the text is none. `is_ordered`: marks are in network order, too.
std::string read_set_part(std::string_view text, const SetPart& part, bool is_ordered = false);

/// Keys from the first one to the last one.
struct SetRange {
  std::string first;
  std::string last;
};
/// `192.0.2.7`, `192.0.2.0/24` or `192.0.2.7-192.0.2.9`.
std::optional<SetRange> read_set_range(std::string_view text, const SetPart& part);
/// The key behind this one; empty behind the last one. Of keys in network order.
std::string key_behind(std::string key);

}  // namespace stook
