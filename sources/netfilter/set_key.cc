// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/set_key.hh"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "core/data/endian.hh"

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
constexpr SetPart known_parts[] = {{kind_ip, 4},       {kind_ip6, 16},    {kind_ether, 6},
                                   {kind_protocol, 1}, {kind_service, 2}, {kind_mark, 4}};
constexpr int kind_bits = 6;  // of each part in a concatenation's type

const SetPart* find_part(uint32_t kind) {
  const SetPart* found = std::find_if(std::begin(known_parts), std::end(known_parts),
                                      [&](const SetPart& one) { return one.kind == kind; });
  return found == std::end(known_parts) ? nullptr : found;
}

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

/// Sets the bits behind the first ones.
std::string last_of(std::string key, unsigned bits, bool is_set) {
  for (size_t bit = bits; bit < key.size() * 8; bit++) {
    auto& byte = reinterpret_cast<unsigned char&>(key[bit / 8]);
    unsigned mask = 0x80U >> (bit % 8);
    byte = static_cast<unsigned char>(is_set ? byte | mask : byte & ~mask);
  }
  return key;
}

}  // namespace

bool is_mark(const SetPart& part) {
  return part.kind == kind_mark;
}

std::vector<SetPart> parts_of_key(uint32_t type, uint32_t size) {
  std::vector<SetPart> parts;
  uint32_t sum = 0;
  for (; type != 0; type >>= kind_bits) {
    const SetPart* part = find_part(type & ((1U << kind_bits) - 1));
    if (part == nullptr) {
      return {};
    }
    parts.insert(parts.begin(), *part);
    sum += (part->size + 3) / 4 * 4;
  }
  bool is_right = parts.size() == 1 ? parts[0].size == size : sum == size;
  return is_right ? parts : std::vector<SetPart>();
}

std::string read_set_part(std::string_view text, const SetPart& part, bool is_ordered) {
  char bytes[16];
  if (part.kind == kind_ip || part.kind == kind_ip6) {
    int family = part.kind == kind_ip ? AF_INET : AF_INET6;
    return inet_pton(family, std::string(text).c_str(), bytes) == 1 ? std::string(bytes, part.size) : std::string();
  }
  if (part.kind == kind_ether) {
    return read_ether(text);
  }
  std::optional<uint32_t> number = read_whole(text, (uint64_t{1} << (8 * part.size)) - 1);
  if (!number) {
    return {};
  }
  if (part.kind == kind_mark && !is_ordered) {
    return {reinterpret_cast<const char*>(&*number), sizeof *number};
  }
  put_big(bytes, *number);
  return {bytes + sizeof *number - part.size, part.size};
}

std::optional<SetRange> read_set_range(std::string_view text, const SetPart& part) {
  size_t slash = text.find('/');
  size_t dash = text.find('-');
  SetRange range;
  range.first = range.last = read_set_part(text.substr(0, std::min(slash, dash)), part, true);
  if (slash != std::string_view::npos) {
    std::optional<uint32_t> bits = read_whole(text.substr(slash + 1), 8 * part.size);
    range.last = bits ? last_of(range.first, *bits, true) : std::string();
    range.first = bits ? last_of(range.first, *bits, false) : std::string();
  } else if (dash != std::string_view::npos) {
    range.last = read_set_part(text.substr(dash + 1), part, true);
  }
  bool is_right = !range.first.empty() && !range.last.empty() && range.first <= range.last;
  return is_right ? std::optional(range) : std::nullopt;
}

std::string key_behind(std::string key) {
  for (size_t i = key.size(); i-- > 0;) {
    if (++reinterpret_cast<unsigned char&>(key[i]) != 0) {
      return key;
    }
  }
  return {};
}

}  // namespace stook
