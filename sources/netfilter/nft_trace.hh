// SPDX-License-Identifier: Apache-2.0
/// One step of a packet through the rules of nftables, read from the bytes of its message alone.
///
/// The body of an NFT_MSG_TRACE is `struct nfgenmsg` and attributes NFTA_TRACE_*; linux/netfilter/nf_tables.h is the
/// specification. All numbers are in network order.
#pragma once

#include <cstdint>
#include <string_view>

namespace stook {

/// What a message does not say is 0 or empty. Texts and bytes point into the message. Headers come with a packet's first
/// step only, and are cut after 20, 40 and 20 bytes.
struct NftTrace {
  uint8_t family = 0;  // of the table, NFPROTO_*
  std::string_view table;
  std::string_view chain;
  uint64_t handle = 0;       // of the rule
  std::string_view kind;     // `rule`, `policy` or `return`
  std::string_view verdict;  // `accept`, `drop`, `continue`, `jump` and the like
  std::string_view target;   // the chain that is jumped to
  std::string_view policy;
  uint32_t id = 0;  // of the packet, on its way through this hook
  std::string_view link_header;
  std::string_view network_header;
  std::string_view transport_header;
  uint32_t in = 0;
  uint32_t out = 0;
  uint16_t in_type = 0;
  uint16_t out_type = 0;
  uint32_t mark = 0;
  uint32_t protocol = 0;  // NFPROTO_*
};

/// False: it is none, or an attribute is cut off. REQUIRES: the body lies at a multiple of four.
[[nodiscard]] bool read_nft_trace(std::string_view body, NftTrace& trace);

}  // namespace stook
