// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/nft_change.hh"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cstddef>
#include <iterator>

#include "sources/netfilter/attributes.hh"
#include "sources/netfilter/nft_object.hh"

namespace stook {

namespace {

enum class Part : uint8_t { None, Table, Chain, Set, Name, Handle, Userdata, Elements, Generation, Pid, Process };

/// What an attribute of an object is.
struct PartRow {
  std::string_view object;
  int attribute;
  Part part;
};
constexpr PartRow parts[] = {
    {"table", NFTA_TABLE_NAME, Part::Table},
    {"table", NFTA_TABLE_HANDLE, Part::Handle},
    {"table", NFTA_TABLE_USERDATA, Part::Userdata},
    {"chain", NFTA_CHAIN_TABLE, Part::Table},
    {"chain", NFTA_CHAIN_NAME, Part::Chain},
    {"chain", NFTA_CHAIN_HANDLE, Part::Handle},
    {"chain", NFTA_CHAIN_USERDATA, Part::Userdata},
    {"rule", NFTA_RULE_TABLE, Part::Table},
    {"rule", NFTA_RULE_CHAIN, Part::Chain},
    {"rule", NFTA_RULE_HANDLE, Part::Handle},
    {"rule", NFTA_RULE_USERDATA, Part::Userdata},
    {"set", NFTA_SET_TABLE, Part::Table},
    {"set", NFTA_SET_NAME, Part::Set},
    {"set", NFTA_SET_HANDLE, Part::Handle},
    {"set_elem", NFTA_SET_ELEM_LIST_TABLE, Part::Table},
    {"set_elem", NFTA_SET_ELEM_LIST_SET, Part::Set},
    {"set_elem", NFTA_SET_ELEM_LIST_ELEMENTS, Part::Elements},
    {"obj", NFTA_OBJ_TABLE, Part::Table},
    {"obj", NFTA_OBJ_NAME, Part::Name},
    {"obj", NFTA_OBJ_HANDLE, Part::Handle},
    {"obj", NFTA_OBJ_USERDATA, Part::Userdata},
    {"flowtable", NFTA_FLOWTABLE_TABLE, Part::Table},
    {"flowtable", NFTA_FLOWTABLE_NAME, Part::Name},
    {"flowtable", NFTA_FLOWTABLE_HANDLE, Part::Handle},
    {"gen", NFTA_GEN_ID, Part::Generation},
    {"gen", NFTA_GEN_PROC_PID, Part::Pid},
    {"gen", NFTA_GEN_PROC_NAME, Part::Process},
};

struct ChangeKind {
  int type;
  bool is_new;
  std::string_view object;
};
constexpr ChangeKind change_kinds[] = {
    {NFT_MSG_NEWTABLE, true, "table"},
    {NFT_MSG_DELTABLE, false, "table"},
    {NFT_MSG_NEWCHAIN, true, "chain"},
    {NFT_MSG_DELCHAIN, false, "chain"},
    {NFT_MSG_NEWRULE, true, "rule"},
    {NFT_MSG_DELRULE, false, "rule"},
    {NFT_MSG_NEWSET, true, "set"},
    {NFT_MSG_DELSET, false, "set"},
    {NFT_MSG_NEWSETELEM, true, "set_elem"},
    {NFT_MSG_DELSETELEM, false, "set_elem"},
    {NFT_MSG_NEWOBJ, true, "obj"},
    {NFT_MSG_DELOBJ, false, "obj"},
    {NFT_MSG_NEWFLOWTABLE, true, "flowtable"},
    {NFT_MSG_DELFLOWTABLE, false, "flowtable"},
    {NFT_MSG_NEWGEN, true, "gen"},
};

const ChangeKind* kind_of_change(uint16_t type) {
  for (const ChangeKind& kind : change_kinds) {
    if (type == (NFNL_SUBSYS_NFTABLES << 8 | kind.type)) {
      return &kind;
    }
  }
  return nullptr;
}

Part part_of(std::string_view object, int attribute) {
  for (const PartRow& row : parts) {
    if (row.attribute == attribute && row.object == object) {
      return row.part;
    }
  }
  return Part::None;
}

/// The comment in what the program nft keeps with an object: pieces of kind, size and bytes, of which kind 0 is the comment.
std::string_view comment_in(std::string_view userdata) {
  while (userdata.size() >= 2) {
    size_t size = static_cast<unsigned char>(userdata[1]);
    std::string_view bytes = userdata.substr(2, size);
    if (userdata[0] == 0) {
      return nft_text(bytes);
    }
    userdata.remove_prefix(2 + bytes.size());
  }
  return {};
}

bool take_part(Part part, std::string_view bytes, NftChange& change) {
  switch (part) {
    case Part::Table:
      change.table = nft_text(bytes);
      return true;
    case Part::Chain:
      change.chain = nft_text(bytes);
      return true;
    case Part::Set:
      change.set = nft_text(bytes);
      return true;
    case Part::Name:
      change.name = nft_text(bytes);
      return true;
    case Part::Handle:
      return take_number(bytes, change.handle);
    case Part::Userdata:
      change.comment = comment_in(bytes);
      return true;
    case Part::Elements:
      change.elements = bytes;
      return true;
    case Part::Generation:
      return take_number(bytes, change.generation);
    case Part::Pid:
      return take_number(bytes, change.pid);
    case Part::Process:
      change.process = nft_text(bytes);
      return true;
    case Part::None:
      return true;
  }
  return true;
}

bool take_element(std::string_view nested, NftElement& element) {
  return for_each_attribute(nested, [&](int type, std::string_view bytes) {
    uint32_t flags = 0;
    switch (type) {
      case NFTA_SET_ELEM_KEY:
        return for_each_attribute(bytes, [&](int kind, std::string_view value) {
          element.key = kind == NFTA_DATA_VALUE ? value : element.key;
          return true;
        });
      case NFTA_SET_ELEM_FLAGS:
        if (!take_number(bytes, flags)) {
          return false;
        }
        element.is_end = (flags & NFT_SET_ELEM_INTERVAL_END) != 0;
        return true;
      case NFTA_SET_ELEM_TIMEOUT:
        return take_number(bytes, element.timeout);
      default:
        return true;
    }
  });
}

}  // namespace

bool is_nft_change(uint16_t type) {
  return kind_of_change(type) != nullptr;
}

bool read_nft_change(uint16_t type, std::string_view body, NftChange& change) {
  change = {};
  const ChangeKind* kind = kind_of_change(type);
  if (kind == nullptr || body.size() < sizeof(nfgenmsg)) {
    return false;
  }
  change.is_new = kind->is_new;
  change.object = kind->object;
  change.family = static_cast<uint8_t>(body[offsetof(nfgenmsg, nfgen_family)]);
  change.generation = big<uint16_t>(body.data() + offsetof(nfgenmsg, res_id));
  body.remove_prefix(sizeof(nfgenmsg));
  return for_each_attribute(body, [&](int attribute, std::string_view bytes) {
    return take_part(part_of(change.object, attribute), bytes, change);
  });
}

bool read_nft_element(std::string_view elements, size_t index, NftElement& element) {
  element = {};
  size_t at = 0;
  bool is_found = false;
  bool is_whole = for_each_attribute(elements, [&](int type, std::string_view bytes) {
    if (type != NFTA_LIST_ELEM || at++ != index) {
      return true;
    }
    is_found = take_element(bytes, element);
    return is_found;
  });
  return is_whole && is_found;
}

}  // namespace stook
