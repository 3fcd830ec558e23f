// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. `stook.ip`: what is known of an address by itself. All functions of the script's RAISE.
#include "core/lua/library/ip.hh"

#include <arpa/inet.h>

#include <cstring>

#include "core/data/pattern.hh"
#include "core/lua/library/desk.hh"
#include "core/lua/library/ip_set.hh"

namespace stook {

bool Network::has_common(const uint8_t* other, unsigned count) const {
  unsigned whole = count >> 3;
  if (std::memcmp(bytes, other, whole) != 0) {
    return false;
  }
  unsigned rest = count & 7;
  return rest == 0 || ((bytes[whole] ^ other[whole]) >> (8 - rest)) == 0;
}

void Network::mask(unsigned count) {
  for (unsigned i = (count + 7) >> 3; i < 16; i++) {
    bytes[i] = 0;
  }
  if ((count & 7) != 0) {
    bytes[count >> 3] &= static_cast<uint8_t>(0xff00 >> (count & 7));
  }
}

bool read_address(std::string_view text, Network& address) {
  char name[64];
  if (text.size() >= sizeof name || text.find('\0') != std::string_view::npos) {
    return false;
  }
  std::memcpy(name, text.data(), text.size());
  name[text.size()] = '\0';
  if (inet_pton(AF_INET6, name, address.bytes) == 1) {
    return true;
  }
  std::memcpy(address.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  address.is_v4 = inet_pton(AF_INET, name, address.bytes + 12) == 1;
  return address.is_v4;
}

bool read_network(std::string_view text, Network& network) {
  size_t slash = text.find('/');
  if (!read_address(text.substr(0, slash), network)) {
    return false;
  }
  if (slash == std::string_view::npos) {
    return true;
  }
  std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  unsigned most = network.is_v4 ? 32 : 128;
  if (digits.empty() || digits.size() > 3) {
    return false;
  }
  for (char c : digits) {
    if (c < '0' || c > '9') {
      return false;
    }
    bits = bits * 10 + static_cast<unsigned>(c - '0');
  }
  if (bits > most) {
    return false;
  }
  network.bits = static_cast<uint8_t>(bits + 128 - most);
  network.mask(network.bits);
  return true;
}

namespace {
void push_address(lua_State* raw, const Network& address) {
  char text[48];
  const char* bytes = reinterpret_cast<const char*>(address.bytes);
  std::string_view form = address.is_v4 ? std::string_view(bytes + 12, 4) : std::string_view(bytes, 16);
  push_text(raw, {text, static_cast<size_t>(put_address(text, form) - text)});
}

int parse(lua_State* raw) {
  Network address;
  if (!read_address(text_argument(raw, 1, "stook.ip.parse"), address)) {
    lua_pushnil(raw);
    return 1;
  }
  push_address(raw, address);
  return 1;
}

int version(lua_State* raw) {
  Network address;
  if (!read_address(text_argument(raw, 1, "stook.ip.version"), address)) {
    lua_pushnil(raw);
    return 1;
  }
  lua_pushinteger(raw, address.is_v4 ? 4 : 6);
  return 1;
}

// stook.ip.mask(address, bits4 [, bits6])
int mask(lua_State* raw) {
  const char* function = "stook.ip.mask";
  Network address;
  std::string_view text = text_argument(raw, 1, function);
  lua_Integer bits4 = integer_argument(raw, 2, function);
  lua_Integer bits6 = integer_argument(raw, 3, function, 64);
  if (bits4 < 0 || bits4 > 32) {
    return refuse(raw, function, "argument 2 is out of range; of IPv4 there are 0 to 32 bits");
  }
  if (bits6 < 0 || bits6 > 128) {
    return refuse(raw, function, "argument 3 is out of range; of IPv6 there are 0 to 128 bits");
  }
  if (!read_address(text, address)) {
    lua_pushnil(raw);
    return 1;
  }
  address.mask(static_cast<unsigned>(address.is_v4 ? bits4 + 96 : bits6));
  push_address(raw, address);
  return 1;
}

// RFC 1918, 6598, 3927, 4193, 4291 (link-local), loopback, and unspecified ones.
int is_private(lua_State* raw) {
  static constexpr std::string_view networks[] = {
      "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
      "0.0.0.0/8",  "fc00::/7",      "fe80::/10",      "::1",           "::"};
  Network address;
  if (!read_address(text_argument(raw, 1, "stook.ip.is_private"), address)) {
    lua_pushnil(raw);
    return 1;
  }
  for (std::string_view text : networks) {
    Network network;
    if (read_network(text, network) && address.has_common(network.bytes, network.bits)) {
      lua_pushboolean(raw, 1);
      return 1;
    }
  }
  lua_pushboolean(raw, 0);
  return 1;
}

const luaL_Reg functions[] = {{"parse", parse},           {"version", version}, {"mask", mask},
                              {"is_private", is_private}, {"set", make_ip_set}, {nullptr, nullptr}};
}  // namespace

void open_ip(lua_State* raw) {
  push_functions(raw, functions);
}

}  // namespace stook
