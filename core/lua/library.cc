// SPDX-License-Identifier: Apache-2.0
#include "core/lua/library.hh"

#include <string_view>

#include "core/lua/state.hh"
#include "core/lua/stops.hh"

namespace stook {

namespace {
// Their addresses are registry keys, and null's own value.
const char null_place = 0;
const char array_place = 0;
const char map_place = 0;

void* place(const char& what) {
  return const_cast<char*>(&what);
}

// RAISES.
void open(lua_State* raw, const char* name, lua_CFunction opener) {
  luaL_requiref(raw, name, opener, 1);
  lua_pop(raw, 1);
}

// os without what reaches out of the state.
void trim_os(lua_State* raw) {
  lua_getglobal(raw, "os");
  lua_createtable(raw, 0, 4);
  for (const char* name : {"time", "clock", "date", "difftime"}) {
    lua_getfield(raw, -2, name);
    lua_setfield(raw, -2, name);
  }
  lua_setglobal(raw, "os");
  lua_pop(raw, 1);
}

void make_mark(lua_State* raw, const char& where, const char* name) {
  lua_createtable(raw, 0, 2);
  lua_pushboolean(raw, 0);
  lua_setfield(raw, -2, "__metatable");  // so that nobody adds to it
  lua_pushstring(raw, name);
  lua_setfield(raw, -2, "__name");
  lua_rawsetp(raw, LUA_REGISTRYINDEX, &where);
}

int show_null(lua_State* raw) {
  lua_pushliteral(raw, "null");
  return 1;
}

int array(lua_State* raw) {
  luaL_checktype(raw, 1, LUA_TTABLE);
  lua_settop(raw, 1);
  mark_array(raw, 1);
  return 1;
}

// stook.log(level, text)
int say(lua_State* raw) {
  static const char* const names[] = {"debug", "info", "notice", "warning", "error", nullptr};
  Level level = static_cast<Level>(luaL_checkoption(raw, 1, nullptr, names));
  size_t size = 0;
  const char* text = luaL_tolstring(raw, 2, &size);
  LuaState& state = LuaState::of(raw);
  if (is_logged(level)) {
    if (auto pass = state.speech.pass()) {
      Fields fields;
      fields("instance", state.instance())("message", std::string_view(text, size));
      log_event(level, "script_log", fields);
    }
  }
  return 0;
}
}  // namespace

void push_null(lua_State* raw) {
  lua_pushlightuserdata(raw, place(null_place));
}

bool is_null(lua_State* raw, int index) {
  return lua_islightuserdata(raw, index) && lua_touserdata(raw, index) == place(null_place);
}

void mark_array(lua_State* raw, int index) {
  index = lua_absindex(raw, index);
  lua_rawgetp(raw, LUA_REGISTRYINDEX, &array_place);
  lua_setmetatable(raw, index);
}

void mark_map(lua_State* raw, int index) {
  index = lua_absindex(raw, index);
  lua_rawgetp(raw, LUA_REGISTRYINDEX, &map_place);
  lua_setmetatable(raw, index);
}

TableMark mark_of(lua_State* raw, int index) {
  if (lua_getmetatable(raw, index) == 0) {
    return TableMark::None;
  }
  lua_rawgetp(raw, LUA_REGISTRYINDEX, &array_place);
  lua_rawgetp(raw, LUA_REGISTRYINDEX, &map_place);
  TableMark mark = lua_rawequal(raw, -3, -2) != 0   ? TableMark::Array
                   : lua_rawequal(raw, -3, -1) != 0 ? TableMark::Map
                                                    : TableMark::None;
  lua_pop(raw, 3);
  return mark;
}

void open_stook(lua_State* raw) {
  make_mark(raw, array_place, "array");
  make_mark(raw, map_place, "map");
  push_null(raw);
  lua_createtable(raw, 0, 3);  // the metatable of all light userdata, of which there is this one
  lua_pushcfunction(raw, show_null);
  lua_setfield(raw, -2, "__tostring");
  lua_pushliteral(raw, "null");
  lua_setfield(raw, -2, "__name");
  lua_pushboolean(raw, 0);
  lua_setfield(raw, -2, "__metatable");
  lua_setmetatable(raw, -2);
  lua_createtable(raw, 0, 3);
  lua_insert(raw, -2);
  lua_setfield(raw, -2, "null");
  lua_pushcfunction(raw, array);
  lua_setfield(raw, -2, "array");
  lua_pushcfunction(raw, say);
  lua_setfield(raw, -2, "log");
  open_stop(raw);
  open_parts(raw);
  lua_setglobal(raw, "stook");
}

void open_libraries(lua_State* raw) {
  open(raw, LUA_GNAME, luaopen_base);
  open(raw, LUA_STRLIBNAME, luaopen_string);
  open(raw, LUA_TABLIBNAME, luaopen_table);
  open(raw, LUA_MATHLIBNAME, luaopen_math);
  open(raw, LUA_UTF8LIBNAME, luaopen_utf8);
  open(raw, LUA_COLIBNAME, luaopen_coroutine);
  open(raw, LUA_OSLIBNAME, luaopen_os);
  trim_os(raw);
  open_base(raw);
  open_strings(raw);
  open_tables(raw);
  open_coroutines(raw);
  open_stook(raw);
  open_debug_stop(raw);
  lua_pushnil(raw);  // what luaL_requiref remembers: the full tables
  lua_setfield(raw, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
}

}  // namespace stook
