// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What a script written for fluent-bit finds beside stook's own: FLB_ENV, flb_null, and the names of Lua 5.1
/// that 5.4 has under others. All functions RAISE.
#include "core/lua/call_world.hh"

#include <unistd.h>

#include "core/lua/library.hh"

namespace stook {

namespace {
// os.getenv(name): what is in FLB_ENV, which is the upvalue.
int get_variable(lua_State* raw) {
  luaL_checkstring(raw, 1);
  lua_settop(raw, 1);
  lua_rawget(raw, lua_upvalueindex(1));
  return 1;
}

int power(lua_State* raw) {
  luaL_checknumber(raw, 1);
  luaL_checknumber(raw, 2);
  lua_settop(raw, 2);
  lua_arith(raw, LUA_OPPOW);
  return 1;
}

int length(lua_State* raw) {
  luaL_checktype(raw, 1, LUA_TTABLE);
  lua_pushinteger(raw, static_cast<lua_Integer>(lua_rawlen(raw, 1)));
  return 1;
}

void add(lua_State* raw, const char* table, const char* name, lua_CFunction function) {
  lua_getglobal(raw, table);
  lua_pushcfunction(raw, function);
  lua_setfield(raw, -2, name);
  lua_pop(raw, 1);
}
}  // namespace

int open_call_world(lua_State* raw) {
  const CallVariables& variables = *static_cast<const CallVariables*>(lua_touserdata(raw, 1));
  lua_createtable(raw, 0, static_cast<int>(variables.size()) + 1);
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) == 0) {
    lua_pushstring(raw, host);
    lua_setfield(raw, -2, "HOSTNAME");
  }
  for (const auto& [name, value] : variables) {
    lua_pushlstring(raw, value.data(), value.size());
    lua_setfield(raw, -2, name.c_str());
  }
  lua_pushvalue(raw, -1);
  lua_setglobal(raw, "FLB_ENV");
  lua_getglobal(raw, "os");
  lua_insert(raw, -2);
  lua_pushcclosure(raw, get_variable, 1);
  lua_setfield(raw, -2, "getenv");
  lua_pop(raw, 1);
  push_null(raw);
  lua_setglobal(raw, "flb_null");
  lua_getglobal(raw, "table");
  lua_getfield(raw, -1, "unpack");
  lua_setglobal(raw, "unpack");
  lua_pop(raw, 1);
  lua_getglobal(raw, "load");
  lua_setglobal(raw, "loadstring");
  add(raw, "math", "pow", power);
  add(raw, "table", "getn", length);
  return 0;
}

}  // namespace stook
