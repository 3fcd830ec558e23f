// SPDX-License-Identifier: Apache-2.0
#include "core/lua/handles.hh"

#include "core/lua/cells.hh"

namespace stook {

namespace {
// Registry keys: the metatable of handles, the handles by number (weak), and what stands for a key that was taken out.
const char meta_place = 0;
const char handles_place = 0;
const char removed_place = 0;

struct Handle {
  HeldRows* rows;
  HeldRow* held;
  uint64_t number;
};

Handle* handle_at(lua_State* raw, int index) {
  if (lua_type(raw, index) != LUA_TUSERDATA || lua_getmetatable(raw, index) == 0) {
    return nullptr;
  }
  lua_rawgetp(raw, LUA_REGISTRYINDEX, &meta_place);
  bool is_one = lua_rawequal(raw, -1, -2) != 0;
  lua_pop(raw, 2);
  return is_one ? static_cast<Handle*>(lua_touserdata(raw, index)) : nullptr;
}

int handle_get(lua_State* raw) {
  HeldRow& held = kept_row(raw, 1);
  if (lua_type(raw, 2) != LUA_TSTRING) {
    return 0;
  }
  if (lua_getiuservalue(raw, 1, 1) == LUA_TTABLE) {
    lua_pushvalue(raw, 2);
    if (lua_rawget(raw, -2) != LUA_TNIL) {
      return is_removed_mark(raw, -1) ? 0 : 1;
    }
  }
  size_t size = 0;
  const char* name = lua_tolstring(raw, 2, &size);
  const HeldRow::HeldCell* cell = held.find({name, size});
  if (cell == nullptr) {
    return 0;
  }
  push_cell(raw, held.value_of(*cell));
  return 1;
}

int handle_set(lua_State* raw) {
  kept_row(raw, 1);
  if (lua_type(raw, 2) != LUA_TSTRING) {
    return luaL_error(raw, "a row's key is a text, not a %s", luaL_typename(raw, 2));
  }
  if (lua_getiuservalue(raw, 1, 1) != LUA_TTABLE) {
    lua_pop(raw, 1);
    lua_createtable(raw, 0, 2);
    lua_pushvalue(raw, -1);
    lua_setiuservalue(raw, 1, 1);
  }
  lua_pushvalue(raw, 2);
  if (lua_isnil(raw, 3)) {
    lua_pushlightuserdata(raw, const_cast<char*>(&removed_place));
  } else {
    lua_pushvalue(raw, 3);
  }
  lua_rawset(raw, -3);
  return 0;
}

// Called by the collector. It raises nothing, and the driver outlives the state.
int handle_end(lua_State* raw) {
  auto& handle = *static_cast<Handle*>(lua_touserdata(raw, 1));
  if (handle.held != nullptr && handle.held->number == handle.number) {
    handle.rows->forget(*handle.held);
  }
  return 0;
}
}  // namespace

void open_handles(lua_State* raw) {
  lua_createtable(raw, 0, 5);
  const luaL_Reg functions[] = {{"__index", handle_get}, {"__newindex", handle_set}, {"__gc", handle_end}};
  for (const luaL_Reg& function : functions) {
    lua_pushcfunction(raw, function.func);
    lua_setfield(raw, -2, function.name);
  }
  lua_pushliteral(raw, "held row");
  lua_setfield(raw, -2, "__name");
  lua_pushboolean(raw, 0);
  lua_setfield(raw, -2, "__metatable");
  lua_rawsetp(raw, LUA_REGISTRYINDEX, &meta_place);
  lua_createtable(raw, 0, 0);
  lua_createtable(raw, 0, 1);
  lua_pushliteral(raw, "v");
  lua_setfield(raw, -2, "__mode");
  lua_setmetatable(raw, -2);
  lua_rawsetp(raw, LUA_REGISTRYINDEX, &handles_place);
}

void push_handle(lua_State* raw, HeldRows& rows, Row row) {
  lua_rawgetp(raw, LUA_REGISTRYINDEX, &handles_place);
  auto* handle = static_cast<Handle*>(lua_newuserdatauv(raw, sizeof(Handle), 1));
  *handle = {&rows, nullptr, 0};
  lua_rawgetp(raw, LUA_REGISTRYINDEX, &meta_place);
  lua_setmetatable(raw, -2);
  HeldRow* held = rows.want(row);
  if (held == nullptr) {
    luaL_error(raw, "the row is held already, or the script holds more than %d rows or its memory limit",
               static_cast<int>(HeldRows::most));
  }
  handle->held = held;
  handle->number = held->number;
  lua_pushvalue(raw, -1);
  lua_rawseti(raw, -3, static_cast<lua_Integer>(held->number));
}

bool is_handle(lua_State* raw, int index) {
  return handle_at(raw, index) != nullptr;
}

HeldRow& kept_row(lua_State* raw, int index) {
  Handle* handle = handle_at(raw, index);
  luaL_argexpected(raw, handle != nullptr, index, "held row");
  HeldRow* held = handle->held;
  if (held == nullptr || held->number != handle->number || held->stage == HeldRow::Stage::Going) {
    luaL_error(raw, "the row is not held any more");
  }
  if (held->stage == HeldRow::Stage::Wanted) {
    luaL_error(raw, "a row is held from the end of the call on that asked for it");
  }
  return *held;
}

bool find_handle(lua_State* raw, const HeldRow& held) {
  lua_rawgetp(raw, LUA_REGISTRYINDEX, &handles_place);
  if (lua_rawgeti(raw, -1, static_cast<lua_Integer>(held.number)) != LUA_TNIL) {
    return true;
  }
  lua_pop(raw, 2);
  return false;
}

bool is_removed_mark(lua_State* raw, int index) {
  return lua_islightuserdata(raw, index) && lua_touserdata(raw, index) == &removed_place;
}

}  // namespace stook
