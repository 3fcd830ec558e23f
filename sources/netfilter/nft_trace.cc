// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/nft_trace.hh"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cstddef>

#include "sources/netfilter/attributes.hh"
#include "sources/netfilter/nft_object.hh"

namespace stook {

namespace {

std::string_view verdict_name(int32_t code) {
  switch (code) {
    case NFT_CONTINUE:
      return "continue";
    case NFT_BREAK:
      return "break";
    case NFT_JUMP:
      return "jump";
    case NFT_GOTO:
      return "goto";
    case NFT_RETURN:
      return "return";
    case NF_DROP:
      return "drop";
    case NF_ACCEPT:
      return "accept";
    case NF_STOLEN:
      return "stolen";
    case NF_REPEAT:
      return "repeat";
    default:
      return (code & NF_VERDICT_MASK) == NF_QUEUE ? "queue" : std::string_view();
  }
}

bool take_name(std::string_view bytes, std::string_view& name) {
  uint32_t code = 0;
  bool is_whole = take_number(bytes, code);
  name = verdict_name(static_cast<int32_t>(code));
  return is_whole;
}

bool take_verdict(std::string_view nested, NftTrace& trace) {
  return for_each_attribute(nested, [&](int type, std::string_view bytes) {
    if (type == NFTA_VERDICT_CHAIN) {
      trace.target = nft_text(bytes);
    }
    return type != NFTA_VERDICT_CODE || take_name(bytes, trace.verdict);
  });
}

bool take_kind(std::string_view bytes, NftTrace& trace) {
  constexpr std::string_view kinds[] = {"", "policy", "return", "rule"};
  uint32_t kind = 0;
  bool is_whole = take_number(bytes, kind);
  trace.kind = kind < std::size(kinds) ? kinds[kind] : std::string_view();
  return is_whole;
}

/// Those that are of the packet.
bool take_packet(int type, std::string_view bytes, NftTrace& trace) {
  switch (type) {
    case NFTA_TRACE_LL_HEADER:
      trace.link_header = bytes;
      return true;
    case NFTA_TRACE_NETWORK_HEADER:
      trace.network_header = bytes;
      return true;
    case NFTA_TRACE_TRANSPORT_HEADER:
      trace.transport_header = bytes;
      return true;
    case NFTA_TRACE_IIF:
      return take_number(bytes, trace.in);
    case NFTA_TRACE_IIFTYPE:
      return take_number(bytes, trace.in_type);
    case NFTA_TRACE_OIF:
      return take_number(bytes, trace.out);
    case NFTA_TRACE_OIFTYPE:
      return take_number(bytes, trace.out_type);
    case NFTA_TRACE_MARK:
      return take_number(bytes, trace.mark);
    case NFTA_TRACE_NFPROTO:
      return take_number(bytes, trace.protocol);
    default:
      return true;
  }
}

}  // namespace

bool read_nft_trace(std::string_view body, NftTrace& trace) {
  trace = {};
  if (body.size() < sizeof(nfgenmsg)) {
    return false;
  }
  trace.family = static_cast<uint8_t>(body[offsetof(nfgenmsg, nfgen_family)]);
  body.remove_prefix(sizeof(nfgenmsg));
  return for_each_attribute(body, [&](int type, std::string_view bytes) {
    switch (type) {
      case NFTA_TRACE_TABLE:
        trace.table = nft_text(bytes);
        return true;
      case NFTA_TRACE_CHAIN:
        trace.chain = nft_text(bytes);
        return true;
      case NFTA_TRACE_RULE_HANDLE:
        return take_number(bytes, trace.handle);
      case NFTA_TRACE_TYPE:
        return take_kind(bytes, trace);
      case NFTA_TRACE_VERDICT:
        return take_verdict(bytes, trace);
      case NFTA_TRACE_POLICY:
        return take_name(bytes, trace.policy);
      case NFTA_TRACE_ID:
        return take_number(bytes, trace.id);
      default:
        return take_packet(type, bytes, trace);
    }
  });
}

}  // namespace stook
