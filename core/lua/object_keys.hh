// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The keys of a table in an order of their own, for Lua's is another one in each process.
#pragma once

#include <lua.hpp>
#include <string_view>

namespace stook {

/// A key that an object may have.
struct NewKey {
  int type;  // 0 integer, 1 real, 2 text: so they are sorted
  lua_Integer integer;
  lua_Number real;
  std::string_view text;  // Lua's, which the table holds
};

inline bool is_before(const NewKey& a, const NewKey& b) {
  if (a.type != b.type) {
    return a.type < b.type;
  }
  return a.type == 0 ? a.integer < b.integer : a.type == 1 ? a.real < b.real : a.text < b.text;
}

inline NewKey key_at(lua_State* raw, int index) {
  if (lua_isinteger(raw, index) != 0) {
    return {0, lua_tointeger(raw, index), 0, {}};
  }
  if (lua_type(raw, index) == LUA_TNUMBER) {
    return {1, 0, lua_tonumber(raw, index), {}};
  }
  if (lua_type(raw, index) != LUA_TSTRING) {
    luaL_error(raw, "a %s cannot be a key in a record", luaL_typename(raw, index));
  }
  size_t size = 0;
  const char* text = lua_tolstring(raw, index, &size);
  return {2, 0, 0, {text, size}};
}

inline void push_key(lua_State* raw, const NewKey& key) {
  if (key.type == 0) {
    lua_pushinteger(raw, key.integer);
  } else if (key.type == 1) {
    lua_pushnumber(raw, key.real);
  } else {
    lua_pushlstring(raw, key.text.data(), key.text.size());
  }
}

}  // namespace stook
