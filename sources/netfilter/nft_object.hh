// SPDX-License-Identifier: Apache-2.0
/// What the kernel says of a named counter or quota of nftables, read from the bytes of its message alone.
///
/// The body of a message is `struct nfgenmsg` and attributes NFTA_OBJ_*; linux/netfilter/nf_tables.h is the specification. All
/// numbers are in network order.
#pragma once

#include <cstdint>
#include <string_view>

namespace stook {

/// Texts point into the message.
struct NftObject {
  uint8_t family = 0;
  std::string_view table;
  std::string_view name;
  uint32_t type = 0;  // NFT_OBJECT_COUNTER, NFT_OBJECT_QUOTA and others, of which there is nothing more here
  uint64_t handle = 0;
  uint64_t packets = 0;  // of counters
  uint64_t bytes = 0;    // counted, or consumed of a quota
  uint64_t limit = 0;    // of quotas
  uint32_t flags = 0;    // of quotas: NFT_QUOTA_F_*
};

/// Reads the body of an NFT_MSG_NEWOBJ. False: it is none, or an attribute is cut off.
/// REQUIRES: the body lies at a multiple of four.
[[nodiscard]] bool read_nft_object(std::string_view body, NftObject& object);

/// The text of an attribute, which the kernel ends with a zero.
inline std::string_view nft_text(std::string_view bytes) {
  return bytes.substr(0, bytes.find('\0'));
}

/// `inet`, `ip`, `ip6`, `arp`, `bridge`, `netdev`; else empty.
std::string_view nft_family(uint8_t family);

}  // namespace stook
