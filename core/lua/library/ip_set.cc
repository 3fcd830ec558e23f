// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. A set of networks as a trie of bits with one node for each fork: a look-up takes at most as many steps as
/// there are nested networks and forks on the way, whatever the set's size. All functions of the script's RAISE.
#include "core/lua/library/ip_set.hh"

#include <cstring>

#include "core/lua/library/desk.hh"
#include "core/lua/library/ip.hh"

namespace stook {

namespace {
constexpr lua_Integer most_networks = 1 << 20;

/// Lives in Lua's memory, its nodes behind it; needs no destruction.
struct IpSet {
  struct Node {
    uint8_t bytes[16];
    uint32_t child[2];  // 0: none, for the root is nobody's child
    uint32_t value;     // 0: no network ends here; else its place in the table of values
    uint8_t bits;
  };
  uint32_t size = 1;
  uint32_t networks = 0;
  Node nodes[1] = {};

  void add(const Network& network, uint32_t value);
  uint32_t find(const Network& address) const;

 private:
  uint32_t make_node(const uint8_t* bytes, uint8_t bits, uint32_t value);
};

uint32_t IpSet::make_node(const uint8_t* bytes, uint8_t bits, uint32_t value) {
  Node& node = nodes[size];
  std::memcpy(node.bytes, bytes, 16);
  node.child[0] = node.child[1] = 0;
  node.value = value;
  node.bits = bits;
  return size++;
}

unsigned common_bits(const uint8_t* a, const uint8_t* b, unsigned most) {
  for (unsigned i = 0; i < 16; i++) {
    if (a[i] != b[i]) {
      unsigned bits = i * 8 + static_cast<unsigned>(__builtin_clz(static_cast<unsigned>(a[i] ^ b[i]))) - 24;
      return bits < most ? bits : most;
    }
  }
  return most;
}

// Makes two nodes at the most.
void IpSet::add(const Network& network, uint32_t value) {
  uint32_t at = 0;
  for (;;) {
    if (nodes[at].bits == network.bits) {
      nodes[at].value = value;  // of equal networks the last one counts
      return;
    }
    bool side = network.bit(nodes[at].bits);
    uint32_t child = nodes[at].child[side];
    if (child == 0) {
      nodes[at].child[side] = make_node(network.bytes, network.bits, value);
      return;
    }
    unsigned most = network.bits < nodes[child].bits ? network.bits : nodes[child].bits;
    unsigned common = common_bits(network.bytes, nodes[child].bytes, most);
    if (common == nodes[child].bits) {
      at = child;
      continue;
    }
    Network fork = network;
    fork.mask(common);
    uint32_t middle = make_node(fork.bytes, static_cast<uint8_t>(common), 0);
    nodes[middle].child[(nodes[child].bytes[common >> 3] >> (7 - (common & 7)) & 1)] = child;
    nodes[at].child[side] = middle;
    at = middle;
  }
}

// The value of the smallest network that holds the address, 0 for none.
uint32_t IpSet::find(const Network& address) const {
  uint32_t found = nodes[0].value;
  uint32_t at = 0;
  while (nodes[at].bits < 128) {
    at = nodes[at].child[address.bit(nodes[at].bits)];
    if (at == 0 || !address.has_common(nodes[at].bytes, nodes[at].bits)) {
      break;
    }
    found = nodes[at].value != 0 ? nodes[at].value : found;
  }
  return found;
}

int destroy_set(lua_State*) {
  return 0;
}

// The set is at 1, the address at 2; pushes the value of its network, or nil.
int look_up(lua_State* raw, const char* function);

int get(lua_State* raw) {
  return look_up(raw, "set:get");
}
int has(lua_State* raw) {
  look_up(raw, "set:has");
  lua_pushboolean(raw, lua_isnil(raw, -1) ? 0 : 1);
  return 1;
}

const luaL_Reg methods[] = {{"has", has}, {"get", get}, {nullptr, nullptr}};
const ObjectKind set_kind_of = {"set of networks", methods, destroy_set};

int look_up(lua_State* raw, const char* function) {
  const IpSet& set = *static_cast<const IpSet*>(object_argument(raw, 1, set_kind_of, function));
  Network address;
  uint32_t value = 0;
  if (lua_type(raw, 2) == LUA_TSTRING && read_address(text_argument(raw, 2, function), address)) {
    value = set.find(address);
  }
  if (value == 0) {
    lua_pushnil(raw);
    return 1;
  }
  lua_getiuservalue(raw, 1, 1);
  lua_rawgeti(raw, -1, value);
  return 1;
}

// How many pairs the table at 1 has.
lua_Integer count_pairs(lua_State* raw) {
  lua_Integer count = 0;
  lua_pushnil(raw);
  while (lua_next(raw, 1) != 0) {
    lua_pop(raw, 1);
    count++;
  }
  return count;
}

// The network of the pair on top: a place's value, or another key.
void read_pair(lua_State* raw, Network& network) {
  bool is_place = lua_type(raw, -2) == LUA_TNUMBER;
  int at = is_place ? -1 : -2;
  size_t size = 0;
  const char* text = lua_type(raw, at) == LUA_TSTRING ? lua_tolstring(raw, at, &size) : nullptr;
  if (text == nullptr || !read_network({text, size}, network)) {
    refuse(raw, "stook.ip.set", "'%s' is no network; \"192.0.2.0/24\", \"2001:db8::/32\" or an address would be",
           text != nullptr ? text : luaL_typename(raw, at));
  }
}
}  // namespace

int make_ip_set(lua_State* raw) {
  if (!lua_istable(raw, 1)) {
    return refuse(raw, "stook.ip.set", "argument 1 is a %s; it would be a table of networks", luaL_typename(raw, 1));
  }
  lua_settop(raw, 1);
  lua_Integer count = count_pairs(raw);
  if (count > most_networks) {
    return refuse(raw, "stook.ip.set", "more than 1048576 networks");
  }
  size_t bytes = sizeof(IpSet) + static_cast<size_t>(count) * 2 * sizeof(IpSet::Node);
  IpSet& set = *new (lua_newuserdatauv(raw, bytes, 1)) IpSet();
  set_kind(raw, set_kind_of);
  lua_createtable(raw, static_cast<int>(count), 0);
  lua_pushnil(raw);
  while (lua_next(raw, 1) != 0) {  // set, values, key, value
    Network network;
    read_pair(raw, network);
    if (++set.networks > static_cast<uint64_t>(count)) {
      return refuse(raw, "stook.ip.set", "the table changed meanwhile");
    }
    set.add(network, set.networks);
    lua_rawseti(raw, 3, set.networks);
  }
  lua_setiuservalue(raw, 2, 1);
  return 1;
}

}  // namespace stook
