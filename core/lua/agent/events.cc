// SPDX-License-Identifier: Apache-2.0
/// The scripted agent's words for rows: events and metrics of a stream. All functions RAISE.
#include "core/lua/agent/library.hh"
#include "core/lua/agent/run.hh"

namespace stook {

namespace {
// Calls emit with the table on top.
int emit_top(lua_State* raw) {
  lua_getfield(raw, LUA_REGISTRYINDEX, "stook.emit");
  lua_insert(raw, -2);
  lua_callk(raw, 1, 0, 0, [](lua_State*, int, lua_KContext) { return 0; });
  return 0;
}

void set_stream(lua_State* raw, int table) {
  lua_pushvalue(raw, 1);
  lua_setfield(raw, table, "stream_key");
}

// The time is taken inside, so there is no argument for it.
void check_count(lua_State* raw, const char* function, int count) {
  if (lua_gettop(raw) > count) {
    luaL_error(raw, "%s: %d arguments; it takes %d, and the time is taken inside", function, lua_gettop(raw), count);
  }
}

// send_event(stream_key, event): a text, or a table that is a row.
int send_event(lua_State* raw) {
  check_count(raw, "send_event", 2);
  luaL_checkstring(raw, 1);
  luaL_checkany(raw, 2);
  lua_createtable(raw, 0, 4);
  if (lua_istable(raw, 2)) {
    lua_pushnil(raw);
    while (lua_next(raw, 2) != 0) {
      lua_pushvalue(raw, -2);
      lua_insert(raw, -2);
      lua_rawset(raw, 3);
    }
  } else {
    lua_pushvalue(raw, 2);
    lua_setfield(raw, 3, "message");
  }
  set_stream(raw, 3);
  return emit_top(raw);
}

int send_metric(lua_State* raw) {
  lua_createtable(raw, 0, 3);
  set_stream(raw, 4);
  lua_pushvalue(raw, 2);
  lua_setfield(raw, 4, "metric_key");
  lua_pushvalue(raw, 3);
  lua_setfield(raw, 4, "value");
  return emit_top(raw);
}

void check_metric(lua_State* raw, const char* function) {
  check_count(raw, function, 3);
  luaL_checkstring(raw, 1);
  luaL_checkstring(raw, 2);
  luaL_checkany(raw, 3);
}

// send_metric_string(stream_key, metric_key, value): "007" stays "007".
int send_metric_string(lua_State* raw) {
  check_metric(raw, "send_metric_string");
  if (lua_type(raw, 3) != LUA_TSTRING) {
    luaL_error(raw, "send_metric_string: the value is a %s; it would be a string", luaL_typename(raw, 3));
  }
  return send_metric(raw);
}

int send_metric_integer(lua_State* raw) {
  check_metric(raw, "send_metric_integer");
  if (lua_isinteger(raw, 3) == 0) {
    luaL_error(raw, "send_metric_integer: the value is no integer");
  }
  return send_metric(raw);
}

int send_metric_double(lua_State* raw) {
  check_metric(raw, "send_metric_double");
  if (lua_type(raw, 3) != LUA_TNUMBER) {
    luaL_error(raw, "send_metric_double: the value is a %s; it would be a number", luaL_typename(raw, 3));
  }
  lua_pushnumber(raw, lua_tonumber(raw, 3));
  lua_replace(raw, 3);
  return send_metric(raw);
}
}  // namespace

void open_events(lua_State* raw) {
  const luaL_Reg functions[] = {{"send_event", send_event},
                                {"send_metric_string", send_metric_string},
                                {"send_metric_integer", send_metric_integer},
                                {"send_metric_double", send_metric_double},
                                {nullptr, nullptr}};
  luaL_setfuncs(raw, functions, 0);
  lua_getfield(raw, -1, "emit");
  lua_setfield(raw, LUA_REGISTRYINDEX, "stook.emit");
}

}  // namespace stook
