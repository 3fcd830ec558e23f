// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The changes to Lua's base, table and coroutine libraries. All functions here RAISE.
#include <cstring>
#include <lua.hpp>
#include <string>

#include "core/lua/library.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
/// The longest stretch of elements that one call of the table library may touch.
constexpr lua_Integer longest = 1 << 20;

// A function in place of one of Lua's, which it keeps as its upvalue.
void wrap(lua_State* raw, const char* name, lua_CFunction function) {
  lua_getfield(raw, -1, name);
  lua_pushcclosure(raw, function, 1);
  lua_setfield(raw, -2, name);
}

void set(lua_State* raw, const char* name, lua_CFunction function) {
  lua_pushcfunction(raw, function);
  lua_setfield(raw, -2, name);
}

// An error of the wrapped function gets the script's line, which Lua sees only from the outermost C function.
int call_wrapped(lua_State* raw) {
  lua_pushvalue(raw, lua_upvalueindex(1));
  lua_insert(raw, 1);
  if (lua_pcall(raw, lua_gettop(raw) - 1, LUA_MULTRET, 0) == LUA_OK) {
    return lua_gettop(raw);
  }
  const std::string& script = LuaState::of(raw).script();
  if (lua_type(raw, -1) == LUA_TSTRING && std::strncmp(lua_tostring(raw, -1), script.c_str(), script.size()) != 0) {
    luaL_where(raw, 1);
    lua_insert(raw, -2);
    lua_concat(raw, 2);
  }
  return lua_error(raw);
}

// Finalizers run with hooks off, so nothing could end one.
int set_metatable(lua_State* raw) {
  luaL_checktype(raw, 1, LUA_TTABLE);
  if (lua_istable(raw, 2)) {
    lua_pushliteral(raw, "__gc");
    if (lua_rawget(raw, 2) != LUA_TNIL) {
      return luaL_error(raw, "a metatable with __gc is not allowed");
    }
    lua_pop(raw, 1);
  }
  return call_wrapped(raw);
}

// load(text [, name [, mode [, env]]]): text only, for bytecode can do anything to memory.
int load_text(lua_State* raw) {
  size_t size = 0;
  luaL_argexpected(raw, lua_type(raw, 1) == LUA_TSTRING, 1, "string");
  const char* text = lua_tolstring(raw, 1, &size);
  const char* name = luaL_optstring(raw, 2, "=(load)");
  bool has_env = !lua_isnone(raw, 4);
  lua_settop(raw, 4);
  if (luaL_loadbufferx(raw, text, size, name, "t") != LUA_OK) {
    lua_pushnil(raw);
    lua_insert(raw, -2);
    return 2;
  }
  if (has_env) {
    lua_pushvalue(raw, 4);
    lua_setupvalue(raw, -2, 1);
  }
  return 1;
}

int collect(lua_State* raw) {
  static const char* const names[] = {"count", "step", nullptr};
  if (luaL_checkoption(raw, 1, "count", names) == 0) {
    lua_pushnumber(raw, static_cast<lua_Number>(LuaState::of(raw).heap().used()) / 1024);
  } else {
    lua_pushboolean(raw, lua_gc(raw, LUA_GCSTEP, 0));
  }
  return 1;
}

int print(lua_State* raw) {
  int count = lua_gettop(raw);
  luaL_Buffer line;
  luaL_buffinit(raw, &line);
  for (int i = 1; i <= count; i++) {
    if (i > 1) {
      luaL_addchar(&line, '\t');
    }
    luaL_tolstring(raw, i, nullptr);
    luaL_addvalue(&line);
  }
  luaL_pushresult(&line);
  lua_getglobal(raw, "stook");
  lua_getfield(raw, -1, "log");
  lua_pushliteral(raw, "notice");
  lua_pushvalue(raw, -4);
  lua_call(raw, 2, 0);
  return 0;
}

// A handler of Lua's own xpcall runs with hooks off when a hook raised; this one runs after the unwinding.
int call_with_handler(lua_State* raw) {
  luaL_checktype(raw, 2, LUA_TFUNCTION);
  lua_pushvalue(raw, 2);
  lua_insert(raw, 1);  // handler, f, handler, arguments
  lua_remove(raw, 3);  // handler, f, arguments
  int status = lua_pcall(raw, lua_gettop(raw) - 2, LUA_MULTRET, 0);
  if (status == LUA_OK) {
    lua_pushboolean(raw, 1);
    lua_replace(raw, 1);
    return lua_gettop(raw);
  }
  LuaState::of(raw).check_budget(raw);
  lua_call(raw, 1, LUA_MULTRET);  // handler(error)
  lua_pushboolean(raw, 0);
  lua_insert(raw, 1);
  return lua_gettop(raw);
}

void check_list(lua_State* raw) {
  luaL_checktype(raw, 1, LUA_TTABLE);
  if (luaL_getmetafield(raw, 1, "__len") != LUA_TNIL) {
    luaL_error(raw, "a table with __len has no place here");
  }
  if (lua_rawlen(raw, 1) > static_cast<lua_Unsigned>(longest)) {
    luaL_error(raw, "a table of more than %d elements", static_cast<int>(longest));
  }
}

void check_range(lua_State* raw, int from, int to) {
  lua_Integer first = luaL_optinteger(raw, from, 1);
  lua_Integer last = luaL_optinteger(raw, to, first);
  if (last >= first &&
      static_cast<lua_Unsigned>(last) - static_cast<lua_Unsigned>(first) >= static_cast<lua_Unsigned>(longest)) {
    luaL_error(raw, "more than %d elements at once", static_cast<int>(longest));
  }
}

int list_call(lua_State* raw) {
  check_list(raw);
  return call_wrapped(raw);
}

int concat(lua_State* raw) {
  check_list(raw);
  check_range(raw, 3, 4);
  return call_wrapped(raw);
}

int unpack(lua_State* raw) {
  check_range(raw, 2, 3);
  return call_wrapped(raw);
}

int move(lua_State* raw) {
  check_range(raw, 2, 3);
  return call_wrapped(raw);
}

int compare(lua_State* raw) {
  LuaState::of(raw).check_budget(raw);
  if (lua_isnil(raw, lua_upvalueindex(1))) {
    lua_pushboolean(raw, lua_compare(raw, 1, 2, LUA_OPLT));
  } else {
    lua_settop(raw, 2);
    lua_pushvalue(raw, lua_upvalueindex(1));
    lua_insert(raw, 1);
    lua_call(raw, 2, 1);
  }
  return 1;
}

// Each comparison looks at the budget: comparing long texts is work that no hook sees.
int sort(lua_State* raw) {
  check_list(raw);
  lua_settop(raw, 2);
  if (!lua_isnil(raw, 2)) {
    luaL_checktype(raw, 2, LUA_TFUNCTION);
  }
  lua_pushcclosure(raw, compare, 1);
  return call_wrapped(raw);
}
}  // namespace

void open_base(lua_State* raw) {
  lua_pushglobaltable(raw);
  for (const char* name : {"dofile", "loadfile", "require", "package", "io", "debug", "warn"}) {
    lua_pushnil(raw);
    lua_setfield(raw, -2, name);
  }
  wrap(raw, "setmetatable", set_metatable);
  set(raw, "load", load_text);
  set(raw, "collectgarbage", collect);
  set(raw, "print", print);
  set(raw, "xpcall", call_with_handler);
  lua_pop(raw, 1);
}

void open_tables(lua_State* raw) {
  lua_getglobal(raw, LUA_TABLIBNAME);
  wrap(raw, "insert", list_call);
  wrap(raw, "remove", list_call);
  wrap(raw, "concat", concat);
  wrap(raw, "unpack", unpack);
  wrap(raw, "move", move);
  wrap(raw, "sort", sort);
  lua_pop(raw, 1);
}

namespace {
// Resumes the coroutine with the arguments above it; the number of results on its stack, or -1 and the error on ours.
int resume_in(lua_State* raw, lua_State* coroutine, int arguments) {
  if (!lua_checkstack(coroutine, arguments)) {
    return luaL_error(raw, "too many arguments to resume");
  }
  LuaState& state = LuaState::of(raw);
  lua_xmove(raw, coroutine, arguments);
  int results = 0;
  lua_State* before = state.watch().run_in(coroutine);
  int status = lua_resume(coroutine, raw, arguments, &results);
  state.watch().run_in(before);
  state.check_budget(raw);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(coroutine, raw, 1);
    return -1;
  }
  if (!lua_checkstack(raw, results + 1)) {
    lua_pop(coroutine, results);
    return luaL_error(raw, "too many results to resume");
  }
  lua_xmove(coroutine, raw, results);
  return results;
}

lua_State* coroutine_at(lua_State* raw, int index) {
  lua_State* coroutine = lua_tothread(raw, index);
  luaL_argexpected(raw, coroutine != nullptr, index, "coroutine");
  return coroutine;
}

bool can_resume(lua_State* coroutine) {
  lua_Debug frame;
  return lua_status(coroutine) == LUA_YIELD ||
         (lua_status(coroutine) == LUA_OK && lua_getstack(coroutine, 0, &frame) == 0 && lua_gettop(coroutine) > 0);
}

int resume(lua_State* raw) {
  lua_State* coroutine = coroutine_at(raw, 1);
  if (!can_resume(coroutine)) {
    lua_pushboolean(raw, 0);
    lua_pushliteral(raw, "cannot resume a coroutine that is not suspended");
    return 2;
  }
  int results = resume_in(raw, coroutine, lua_gettop(raw) - 1);
  lua_pushboolean(raw, results >= 0 ? 1 : 0);
  int count = results >= 0 ? results : 1;
  lua_insert(raw, -count - 1);
  return count + 1;
}

int resume_wrapped(lua_State* raw) {
  lua_State* coroutine = coroutine_at(raw, lua_upvalueindex(1));
  if (!can_resume(coroutine)) {
    return luaL_error(raw, "cannot resume a coroutine that is not suspended");
  }
  int results = resume_in(raw, coroutine, lua_gettop(raw));
  return results >= 0 ? results : lua_error(raw);
}

int wrap_coroutine(lua_State* raw) {
  lua_settop(raw, 1);
  lua_pushvalue(raw, lua_upvalueindex(1));
  lua_insert(raw, 1);
  lua_call(raw, 1, 1);  // coroutine.create
  lua_pushcclosure(raw, resume_wrapped, 1);
  return 1;
}
}  // namespace

// The watchdog must know which coroutine runs, so resuming is done here.
void open_coroutines(lua_State* raw) {
  lua_getglobal(raw, LUA_COLIBNAME);
  set(raw, "resume", resume);
  lua_getfield(raw, -1, "create");
  lua_pushcclosure(raw, wrap_coroutine, 1);
  lua_setfield(raw, -2, "wrap");
  lua_pushnil(raw);
  lua_setfield(raw, -2, "close");
  lua_pop(raw, 1);
}

}  // namespace stook
