// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/set_element.hh"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "core/base/text.hh"
#include "sources/netfilter/attributes.hh"

namespace stook {

namespace {

/// Kinds of keys that are known here, as the program nft numbers them.
enum KeyKind : uint32_t {
  kind_ip = 7,
  kind_ip6 = 8,
  kind_ether = 9,
  kind_protocol = 12,
  kind_service = 13,
  kind_mark = 19
};
struct KnownKind {
  uint32_t kind;
  uint32_t size;
};
constexpr KnownKind known_kinds[] = {{kind_ip, 4},       {kind_ip6, 16},    {kind_ether, 6},
                                     {kind_protocol, 1}, {kind_service, 2}, {kind_mark, 4}};

std::optional<uint32_t> read_whole(std::string_view text, uint64_t most) {
  bool is_hex = text.substr(0, 2) == "0x";
  text.remove_prefix(is_hex ? 2 : 0);
  uint32_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, is_hex ? 16 : 10);
  bool is_right = error == std::errc() && end == text.data() + text.size() && number <= most;
  return is_right ? std::optional(number) : std::nullopt;
}

std::string read_ether(std::string_view text) {
  std::string key;
  while (!text.empty()) {
    unsigned byte = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + std::min<size_t>(2, text.size()), byte, 16);
    if (error != std::errc() || end != text.data() + 2) {
      return {};
    }
    key += static_cast<char>(byte);
    text.remove_prefix(2);
    if (text.size() == 1 || (!text.empty() && text[0] != ':')) {
      return {};
    }
    text.remove_prefix(text.empty() ? 0 : 1);
  }
  return key.size() == 6 ? key : std::string();
}

/// The bytes of one key; empty: it is none.
std::string read_key(std::string_view text, const SetShape& shape) {
  char bytes[16];
  if (shape.key_type == kind_ip || shape.key_type == kind_ip6) {
    int family = shape.key_type == kind_ip ? AF_INET : AF_INET6;
    return inet_pton(family, std::string(text).c_str(), bytes) == 1 ? std::string(bytes, shape.key_size)
                                                                    : std::string();
  }
  if (shape.key_type == kind_ether) {
    return read_ether(text);
  }
  std::optional<uint32_t> number = read_whole(text, (uint64_t{1} << (8 * shape.key_size)) - 1);
  if (!number) {
    return {};
  }
  if (shape.key_type == kind_mark) {
    return {reinterpret_cast<const char*>(&*number), sizeof *number};
  }
  put_big(bytes, *number);
  return {bytes + sizeof *number - shape.key_size, shape.key_size};
}

/// The key behind this one; empty behind the last one. Of keys in network order.
std::string behind(std::string key) {
  for (size_t i = key.size(); i-- > 0;) {
    if (++reinterpret_cast<unsigned char&>(key[i]) != 0) {
      return key;
    }
  }
  return {};
}

/// Sets the bits behind the first ones.
std::string last_of(std::string key, unsigned bits, bool is_set) {
  for (size_t bit = bits; bit < key.size() * 8; bit++) {
    auto& byte = reinterpret_cast<unsigned char&>(key[bit / 8]);
    unsigned mask = 0x80U >> (bit % 8);
    byte = static_cast<unsigned char>(is_set ? byte | mask : byte & ~mask);
  }
  return key;
}

/// `192.0.2.7`, `192.0.2.0/24` or `192.0.2.7-192.0.2.9`. False: it is none.
bool read_interval(std::string_view text, const SetShape& shape, SetElement& element) {
  size_t slash = text.find('/');
  size_t dash = text.find('-');
  element.first = read_key(text.substr(0, std::min(slash, dash)), shape);
  std::string last = element.first;
  if (slash != std::string_view::npos) {
    std::optional<uint32_t> bits = read_whole(text.substr(slash + 1), 8 * shape.key_size);
    last = bits ? last_of(element.first, *bits, true) : std::string();
    element.first = bits ? last_of(element.first, *bits, false) : std::string();
  } else if (dash != std::string_view::npos) {
    last = read_key(text.substr(dash + 1), shape);
  }
  element.behind = behind(last);
  element.is_single = element.first == last;
  return !element.first.empty() && !last.empty() && element.first <= last;
}

/// Takes a word off the front.
std::string_view next_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  return word;
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
    return type == NFTA_SET_KEY_TYPE  ? take_number(bytes, shape.key_type)
           : type == NFTA_SET_KEY_LEN ? take_number(bytes, shape.key_size)
           : type == NFTA_SET_FLAGS   ? take_number(bytes, shape.flags)
                                      : true;
  });
}

std::string_view lack_of_set(const SetShape& shape) {
  if ((shape.flags & (NFT_SET_MAP | NFT_SET_OBJECT)) != 0) {
    return "is a map; a set is needed";
  }
  bool is_known = std::any_of(std::begin(known_kinds), std::end(known_kinds), [&](const KnownKind& one) {
    return one.kind == shape.key_type && one.size == shape.key_size;
  });
  return is_known
             ? std::string_view()
             : "has elements of another type than ipv4_addr, ipv6_addr, ether_addr, inet_proto, inet_service and mark";
}

std::string read_set_element(std::string_view line, const SetShape& shape, SetElement& element) {
  std::string_view rest = line;
  std::string_view word = next_word(rest);
  element = {};
  if (word == "add" || word == "delete") {
    element.is_added = word == "add";
    word = next_word(rest);
  }
  element.is_interval = (shape.flags & NFT_SET_INTERVAL) != 0;
  bool is_right =
      element.is_interval ? read_interval(word, shape, element) : !(element.first = read_key(word, shape)).empty();
  if (!is_right) {
    return "'" + std::string(line.substr(0, 80)) + "' is no element of this set";
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

void SetBatch::put(const SetPlace& place, const SetElement& element, uint32_t sequence) {
  alignas(8) char bytes[1024] = {};
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
  auto put_key = [&](const std::string& key, bool is_end) {
    nlattr* one = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
    if (is_end) {
      mnl_attr_put_u32(header, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
    }
    if (element.timeout != 0 && !is_end) {
      char time[sizeof element.timeout];
      put_big(time, element.timeout);
      mnl_attr_put(header, NFTA_SET_ELEM_TIMEOUT, sizeof time, time);
    }
    nlattr* value = mnl_attr_nest_start(header, NFTA_SET_ELEM_KEY);
    mnl_attr_put(header, NFTA_DATA_VALUE, key.size(), key.data());
    mnl_attr_nest_end(header, value);
    mnl_attr_nest_end(header, one);
  };
  put_key(element.first, false);
  if (element.is_interval && !element.behind.empty()) {
    put_key(element.behind, true);
  }
  mnl_attr_nest_end(header, list);
  bytes_.append(bytes, header->nlmsg_len);
}

}  // namespace stook
