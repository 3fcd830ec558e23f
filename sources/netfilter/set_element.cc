// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/set_element.hh"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "core/base/text.hh"
#include "sources/netfilter/attributes.hh"
#include "sources/netfilter/set_key.hh"

namespace stook {

namespace {

/// Takes a word off the front.
std::string_view next_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  return word;
}

/// Takes a word off the front where it is this one.
bool take_word(std::string_view& rest, std::string_view wanted) {
  std::string_view behind = rest;
  bool is_there = next_word(behind) == wanted;
  rest = is_there ? behind : rest;
  return is_there;
}

bool is_map(const SetShape& shape) {
  return (shape.flags & NFT_SET_MAP) != 0;
}

bool has_intervals(const SetShape& shape) {
  return (shape.flags & NFT_SET_INTERVAL) != 0;
}

/// Reads `192.0.2.7`, `192.0.2.0/24` or `192.0.2.7 . 443`. False: it is none.
bool read_element_key(std::string_view& rest, const SetShape& shape, SetElement& element) {
  std::vector<SetPart> parts = parts_of_key(shape.key_type, shape.key_size);
  element.is_concatenation = parts.size() > 1;
  for (size_t i = 0; i < parts.size(); i++) {
    if (i > 0 && !take_word(rest, ".")) {
      return false;
    }
    std::string_view word = next_word(rest);
    SetRange range;
    if (element.is_interval) {
      std::optional<SetRange> found = read_set_range(word, parts[i]);
      range = found ? *found : range;
    } else {
      range.first = range.last = read_set_part(word, parts[i]);
    }
    if (range.first.empty()) {
      return false;
    }
    element.is_single = element.is_single && range.first == range.last;
    size_t filled = element.is_concatenation ? (range.first.size() + 3) / 4 * 4 : range.first.size();
    element.first += range.first.append(filled - range.first.size(), '\0');
    element.last += range.last.append(filled - range.last.size(), '\0');
  }
  return !parts.empty();
}

/// Reads what a map has for a key: a value, or `drop`, `jump web` and the like. False: it is none.
bool read_map_value(std::string_view& rest, const SetShape& shape, SetElement& element) {
  std::string_view word = next_word(rest);
  if (shape.data_type != NFT_DATA_VERDICT) {
    std::vector<SetPart> parts = parts_of_key(shape.data_type, shape.data_size);
    element.value = parts.size() == 1 ? read_set_part(word, parts[0]) : std::string();
    return !element.value.empty();
  }
  struct Word {
    std::string_view name;
    int32_t verdict;
    bool has_chain;
  };
  constexpr Word words[] = {{"accept", NF_ACCEPT, false},  {"drop", NF_DROP, false}, {"continue", NFT_CONTINUE, false},
                            {"return", NFT_RETURN, false}, {"jump", NFT_JUMP, true}, {"goto", NFT_GOTO, true}};
  for (const Word& one : words) {
    if (one.name == word) {
      element.verdict = one.verdict;
      element.chain = one.has_chain ? next_word(rest) : std::string_view();
      return element.chain.empty() != one.has_chain && element.chain.size() < NFT_NAME_MAXLEN;
    }
  }
  return false;
}

}  // namespace

SetPlace read_set_place(const std::string& text) {
  struct Family {
    std::string_view name;
    uint8_t number;
  };
  constexpr Family families[] = {{"inet", NFPROTO_INET}, {"ip", NFPROTO_IPV4},       {"ip6", NFPROTO_IPV6},
                                 {"arp", NFPROTO_ARP},   {"bridge", NFPROTO_BRIDGE}, {"netdev", NFPROTO_NETDEV}};
  std::string_view rest = text;
  std::string_view family = next_word(rest);
  SetPlace place;
  place.table = next_word(rest);
  place.set = next_word(rest);
  const auto* found =
      std::find_if(std::begin(families), std::end(families), [&](const Family& one) { return one.name == family; });
  bool is_right =
      !place.set.empty() && next_word(rest).empty() && std::max(place.table.size(), place.set.size()) < NFT_NAME_MAXLEN;
  if (found == std::end(families) || !is_right) {
    throw std::invalid_argument("set: '" + text + "' is no set; it takes family, table and set, as inet filter banned");
  }
  place.family = found->number;
  return place;
}

bool read_set_shape(std::string_view body, SetShape& shape) {
  shape = {};
  if (body.size() < sizeof(nfgenmsg)) {
    return false;
  }
  body.remove_prefix(sizeof(nfgenmsg));
  return for_each_attribute(body, [&](int type, std::string_view bytes) {
    return type == NFTA_SET_KEY_TYPE    ? take_number(bytes, shape.key_type)
           : type == NFTA_SET_KEY_LEN   ? take_number(bytes, shape.key_size)
           : type == NFTA_SET_DATA_TYPE ? take_number(bytes, shape.data_type)
           : type == NFTA_SET_DATA_LEN  ? take_number(bytes, shape.data_size)
           : type == NFTA_SET_FLAGS     ? take_number(bytes, shape.flags)
                                        : true;
  });
}

std::string lack_of_set(const SetShape& shape) {
  if ((shape.flags & NFT_SET_OBJECT) != 0) {
    return "is a map of objects; a set is needed, or a map of values or verdicts";
  }
  std::vector<SetPart> parts = parts_of_key(shape.key_type, shape.key_size);
  bool has_mark_range = parts.size() > 1 && has_intervals(shape) && std::any_of(parts.begin(), parts.end(), is_mark);
  if (parts.empty() || has_mark_range) {
    return std::string("has elements of another type than ") + known_set_kinds;
  }
  if (is_map(shape) && shape.data_type != NFT_DATA_VERDICT &&
      parts_of_key(shape.data_type, shape.data_size).size() != 1) {
    return std::string("has values of another type than verdict, ") + known_set_kinds;
  }
  return {};
}

std::string read_set_element(std::string_view line, const SetShape& shape, SetElement& element) {
  std::string_view rest = line;
  element = {};
  element.is_added = !take_word(rest, "delete");
  if (element.is_added) {
    (void)take_word(rest, "add");
  }
  element.is_interval = has_intervals(shape);
  if (!read_element_key(rest, shape, element)) {
    return "'" + std::string(line.substr(0, 80)) + "' is no element of this set";
  }
  element.is_verdict = is_map(shape) && shape.data_type == NFT_DATA_VERDICT;
  if (take_word(rest, ":")) {
    if (!is_map(shape) || !read_map_value(rest, shape, element)) {
      return "'" + std::string(line.substr(0, 80)) + "' has no value of this set behind its key";
    }
  } else if (is_map(shape) && element.is_added) {
    return "'" + std::string(line.substr(0, 80)) + "' has no value; elements of a map are KEY : VALUE";
  }
  if (std::string_view time = next_word(rest); !time.empty()) {
    Duration duration;
    std::string why;
    if (!read_value(time, duration, why) || duration.ns < 0 || !element.is_added) {
      return "'" + std::string(time.substr(0, 80)) + "' is no time behind an element";
    }
    element.timeout = static_cast<uint64_t>(duration.ns) / 1'000'000;
  }
  return next_word(rest).empty() ? std::string() : "there is more than an element and its time";
}

void SetBatch::put_mark(uint16_t type) {
  alignas(8) char bytes[64] = {};
  nlmsghdr* header = mnl_nlmsg_put_header(bytes);
  header->nlmsg_type = type;
  header->nlmsg_flags = NLM_F_REQUEST;
  auto* part = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  part->nfgen_family = AF_UNSPEC;
  part->version = NFNETLINK_V0;
  put_big(reinterpret_cast<char*>(&part->res_id), uint16_t{NFNL_SUBSYS_NFTABLES});
  bytes_.append(bytes, header->nlmsg_len);
}

void SetBatch::begin() {
  bytes_.clear();
  put_mark(NFNL_MSG_BATCH_BEGIN);
}

void SetBatch::end() {
  put_mark(NFNL_MSG_BATCH_END);
}

namespace {
void put_bytes(nlmsghdr* header, uint16_t type, const std::string& bytes) {
  nlattr* value = mnl_attr_nest_start(header, type);
  mnl_attr_put(header, NFTA_DATA_VALUE, bytes.size(), bytes.data());
  mnl_attr_nest_end(header, value);
}

void put_value(nlmsghdr* header, const SetElement& element) {
  if (!element.is_verdict) {
    put_bytes(header, NFTA_SET_ELEM_DATA, element.value);
    return;
  }
  nlattr* value = mnl_attr_nest_start(header, NFTA_SET_ELEM_DATA);
  nlattr* verdict = mnl_attr_nest_start(header, NFTA_DATA_VERDICT);
  mnl_attr_put_u32(header, NFTA_VERDICT_CODE, htonl(static_cast<uint32_t>(element.verdict)));
  if (!element.chain.empty()) {
    mnl_attr_put_strz(header, NFTA_VERDICT_CHAIN, element.chain.c_str());
  }
  mnl_attr_nest_end(header, verdict);
  mnl_attr_nest_end(header, value);
}

/// The element, or the begin of its interval.
void put_element(nlmsghdr* header, const SetElement& element) {
  nlattr* one = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
  if (element.timeout != 0) {
    char time[sizeof element.timeout];
    put_big(time, element.timeout);
    mnl_attr_put(header, NFTA_SET_ELEM_TIMEOUT, sizeof time, time);
  }
  put_bytes(header, NFTA_SET_ELEM_KEY, element.first);
  if (element.is_concatenation && element.is_interval) {
    put_bytes(header, NFTA_SET_ELEM_KEY_END, element.last);
  }
  if (element.has_value()) {
    put_value(header, element);
  }
  mnl_attr_nest_end(header, one);
}

/// What stands behind an interval of keys of one part.
void put_end(nlmsghdr* header, const std::string& behind) {
  nlattr* one = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
  mnl_attr_put_u32(header, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
  put_bytes(header, NFTA_SET_ELEM_KEY, behind);
  mnl_attr_nest_end(header, one);
}
}  // namespace

void SetBatch::put(const SetPlace& place, const SetElement& element, uint32_t sequence) {
  alignas(8) char bytes[2048] = {};  // three names of up to 255 bytes, keys of up to 80
  nlmsghdr* header = mnl_nlmsg_put_header(bytes);
  int type = element.is_added ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM;
  header->nlmsg_type = static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type);
  header->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | (element.is_added ? NLM_F_CREATE : 0));
  header->nlmsg_seq = sequence;
  auto* part = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  part->nfgen_family = place.family;
  part->version = NFNETLINK_V0;
  mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, place.table.c_str());
  mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, place.set.c_str());
  nlattr* list = mnl_attr_nest_start(header, NFTA_SET_ELEM_LIST_ELEMENTS);
  put_element(header, element);
  std::string behind = element.is_interval && !element.is_concatenation ? key_behind(element.last) : std::string();
  if (!behind.empty()) {
    put_end(header, behind);
  }
  mnl_attr_nest_end(header, list);
  bytes_.append(bytes, header->nlmsg_len);
}

}  // namespace stook
