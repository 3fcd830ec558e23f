// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/nft_object.hh"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cstddef>

#include "sources/netfilter/attributes.hh"

namespace stook {

namespace {

bool take_counter(std::string_view nested, NftObject& object) {
  return for_each_attribute(nested, [&](int type, std::string_view bytes) {
    return type == NFTA_COUNTER_BYTES     ? take_number(bytes, object.bytes)
           : type == NFTA_COUNTER_PACKETS ? take_number(bytes, object.packets)
                                          : true;
  });
}

bool take_quota(std::string_view nested, NftObject& object) {
  return for_each_attribute(nested, [&](int type, std::string_view bytes) {
    return type == NFTA_QUOTA_BYTES      ? take_number(bytes, object.limit)
           : type == NFTA_QUOTA_CONSUMED ? take_number(bytes, object.bytes)
           : type == NFTA_QUOTA_FLAGS    ? take_number(bytes, object.flags)
                                         : true;
  });
}

}  // namespace

std::string_view nft_family(uint8_t family) {
  switch (family) {
    case NFPROTO_INET:
      return "inet";
    case NFPROTO_IPV4:
      return "ip";
    case NFPROTO_IPV6:
      return "ip6";
    case NFPROTO_ARP:
      return "arp";
    case NFPROTO_BRIDGE:
      return "bridge";
    case NFPROTO_NETDEV:
      return "netdev";
    default:
      return {};
  }
}

bool read_nft_object(std::string_view body, NftObject& object) {
  object = {};
  if (body.size() < sizeof(nfgenmsg)) {
    return false;
  }
  object.family = static_cast<uint8_t>(body[offsetof(nfgenmsg, nfgen_family)]);
  body.remove_prefix(sizeof(nfgenmsg));
  std::string_view inside;
  bool is_whole = for_each_attribute(body, [&](int type, std::string_view bytes) {
    switch (type) {
      case NFTA_OBJ_TABLE:
        object.table = nft_text(bytes);
        return true;
      case NFTA_OBJ_NAME:
        object.name = nft_text(bytes);
        return true;
      case NFTA_OBJ_TYPE:
        return take_number(bytes, object.type);
      case NFTA_OBJ_HANDLE:
        return take_number(bytes, object.handle);
      case NFTA_OBJ_DATA:
        inside = bytes;  // whose form the type tells, which may stand behind it
        return true;
      default:
        return true;
    }
  });
  return is_whole && (object.type == NFT_OBJECT_COUNTER ? take_counter(inside, object)
                      : object.type == NFT_OBJECT_QUOTA ? take_quota(inside, object)
                                                        : true);
}

}  // namespace stook
