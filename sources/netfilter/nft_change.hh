// SPDX-License-Identifier: Apache-2.0
/// What the kernel tells of a change of the rules of nftables, read from the bytes of its message alone.
///
/// The body of a message is `struct nfgenmsg`, whose res_id is the generation's lower half, and attributes; linux/netfilter/
/// nf_tables.h is the specification. All numbers are in network order.
#pragma once

#include <cstdint>
#include <string_view>

namespace stook {

/// What a message does not say is 0 or empty. Texts point into the message.
struct NftChange {
  bool is_new = false;      // else deleted
  std::string_view object;  // `table`, `chain`, `rule`, `set`, `set_elem`, `obj`, `flowtable` or `gen`
  uint8_t family = 0;       // NFPROTO_*
  uint32_t generation = 0;  // 16 bits of it, but for `gen`
  std::string_view table;
  std::string_view chain;
  std::string_view set;
  std::string_view name;  // of objects and flow tables
  uint64_t handle = 0;
  std::string_view comment;
  std::string_view process;  // who made the change; of `gen`
  uint32_t pid = 0;
  std::string_view elements;  // of `set_elem`: attributes NFTA_LIST_ELEM
};

/// Whether messages of this type are changes.
bool is_nft_change(uint16_t type);
/// Reads a message by its type and body. False: it is none, or an attribute is cut off.
/// REQUIRES: the body lies at a multiple of four.
[[nodiscard]] bool read_nft_change(uint16_t type, std::string_view body, NftChange& change);

/// An element of a set, as bytes.
struct NftElement {
  std::string_view key;
  bool is_end = false;   // the key behind an interval
  uint64_t timeout = 0;  // ms
};
/// The element number `index` of those of a change. False: there are no more, or it is cut off.
[[nodiscard]] bool read_nft_element(std::string_view elements, size_t index, NftElement& element);

}  // namespace stook
