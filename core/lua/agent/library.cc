// SPDX-License-Identifier: Apache-2.0
/// Rows, tasks and positions. All functions RAISE.
#include "core/lua/agent/library.hh"

#include <algorithm>

#include "core/lua/agent/files.hh"
#include "core/lua/agent/prelude.hh"
#include "core/lua/agent/run.hh"
#include "core/lua/agent/streams.hh"
#include "core/lua/agent/vocabulary.hh"
#include "core/lua/library.hh"
#include "core/lua/stops.hh"

namespace stook {

namespace {
constexpr double longest_sleep = 1e9;  // s

int go_on(lua_State*, int, lua_KContext) {
  return 0;
}

int emit_again(lua_State* raw, int, lua_KContext) ROOM(front);

// emit(row): waits while there is no room for rows.
int emit(lua_State* raw) ROOM(front) {
  luaL_checktype(raw, 1, LUA_TTABLE);
  lua_settop(raw, 1);
  SourceRun& run = SourceRun::of(raw, "emit");
  if (!run.rows().put(raw, 1)) {
    return run.wait_rows(raw, "emit", emit_again);
  }
  if (run.is_turn_over() && run.may_wait(raw)) {
    return run.wait_turn(raw, "emit", go_on);
  }
  return 0;
}

int emit_again(lua_State* raw, int, lua_KContext) ROOM(front) {
  return emit(raw);
}

// sleep(seconds)
int sleep(lua_State* raw) ROOM(front) {
  double seconds = luaL_checknumber(raw, 1);
  luaL_argcheck(raw, seconds >= 0 && seconds <= longest_sleep, 1, "it takes seconds, from 0 on");
  SourceRun& run = SourceRun::of(raw, "sleep");
  if (seconds == 0) {
    return run.wait_turn(raw, "sleep", go_on);
  }
  return run.wait_time(raw, "sleep", static_cast<int64_t>(seconds * 1e9), go_on);
}

// spawn(function, ...)
int spawn(lua_State* raw) ROOM(front) {
  luaL_checktype(raw, 1, LUA_TFUNCTION);
  SourceRun::of(raw, "spawn").spawn(raw, 1);
  return 0;
}

// every(seconds, function): a task that calls it at each beat, the context being the time of the last one. Beats that pass
// while it runs are left out, so that what is late once does not stay late.
int every_again(lua_State* raw, int, lua_KContext beat) ROOM(front);
int every_wait(lua_State* raw, int, lua_KContext beat) ROOM(front) {
  auto period = static_cast<int64_t>(lua_tonumber(raw, 1) * 1e9);
  SourceRun& run = SourceRun::of(raw, "every");
  int64_t now = run.feed().loop().now();
  beat += period * (1 + std::max<int64_t>(now - beat, 0) / period);
  return run.wait_time(raw, "every", beat - now, every_again, beat);
}
int every_again(lua_State* raw, int, lua_KContext beat) ROOM(front) {
  lua_settop(raw, 2);
  lua_pushvalue(raw, 2);
  lua_callk(raw, 0, 0, beat, every_wait);
  return every_wait(raw, LUA_OK, beat);
}
int every_task(lua_State* raw) ROOM(front) {
  return every_again(raw, LUA_OK, SourceRun::of(raw, "every").feed().loop().now());
}
int every(lua_State* raw) ROOM(front) {
  double seconds = luaL_checknumber(raw, 1);
  luaL_argcheck(raw, seconds >= 0.001 && seconds <= longest_sleep, 1, "it takes seconds, from 0.001 on");
  luaL_checktype(raw, 2, LUA_TFUNCTION);
  lua_settop(raw, 2);
  lua_pushcfunction(raw, every_task);
  lua_insert(raw, 1);
  SourceRun::of(raw, "every").spawn(raw, 1);
  return 0;
}

// Takes a position as JSON: all rows emitted so far are behind it.
int commit(lua_State* raw) ROOM(front) {
  luaL_checkany(raw, 1);
  lua_settop(raw, 1);
  SourceRun& run = SourceRun::of(raw, "commit");
  lua_getfield(raw, LUA_REGISTRYINDEX, "stook.encode");
  lua_insert(raw, 1);
  lua_call(raw, 1, 1);
  size_t size = 0;
  const char* text = lua_tolstring(raw, -1, &size);
  if (text == nullptr) {
    return luaL_error(raw, "commit: the token cannot be written as JSON");
  }
  run.tokens().commit({text, size});
  return 0;
}

// Keeps json.encode and json.decode, whatever the script does to the table.
void keep_json(lua_State* raw) {
  lua_getglobal(raw, "stook");
  lua_getfield(raw, -1, "json");
  lua_getfield(raw, -1, "encode");
  lua_setfield(raw, LUA_REGISTRYINDEX, "stook.encode");
  lua_getfield(raw, -1, "decode");
  lua_setfield(raw, LUA_REGISTRYINDEX, "stook.decode");
  lua_pop(raw, 2);
}

int open_all(lua_State* raw) {
  const SourceWorld& world = *static_cast<const SourceWorld*>(lua_touserdata(raw, 1));
  keep_json(raw);
  lua_pushglobaltable(raw);
  for (const char* name : {"hold", "drop"}) {
    lua_pushnil(raw);
    lua_setfield(raw, -2, name);
  }
  open_tasks(raw);
  open_pipes(raw);
  open_events(raw);
  open_files(raw);
  open_programs(raw);
  open_sockets(raw);
  lua_pop(raw, 1);
  lua_pushcfunction(raw, commit);
  lua_setfield(raw, LUA_REGISTRYINDEX, "stook.commit");
  run_prelude(raw, world);
  if (!world.vocabulary.empty()) {
    open_vocabulary(raw, world.vocabulary, world.has_output);
  }
  if (world.has_debug) {
    luaL_requiref(raw, LUA_DBLIBNAME, luaopen_debug, 1);
    lua_pop(raw, 1);
    open_debug_stop(raw);
  }
  if (world.has_lpeg && world.vocabulary.empty()) {
    open_lpeg(raw);
  }
  if (world.has_package) {
    open_package(raw, world.paths);
  }
  return 0;
}
}  // namespace

// No module in C is ever loaded.
void open_package(lua_State* raw, const std::string& paths) {
  luaL_requiref(raw, LUA_LOADLIBNAME, luaopen_package, 1);
  lua_pushlstring(raw, paths.data(), paths.size());
  lua_setfield(raw, -2, "path");
  lua_pushliteral(raw, "");
  lua_setfield(raw, -2, "cpath");
  lua_pushnil(raw);
  lua_setfield(raw, -2, "loadlib");
  lua_getfield(raw, -1, "searchers");
  for (int i = 4; i > 2; i--) {
    lua_pushnil(raw);
    lua_rawseti(raw, -2, i);
  }
  lua_pop(raw, 2);
}

void open_tasks(lua_State* raw) {
  const luaL_Reg functions[] = {
      {"emit", emit}, {"sleep", sleep}, {"spawn", spawn}, {"every", every}, {nullptr, nullptr}};
  luaL_setfuncs(raw, functions, 0);
}

ScriptLibrary source_library(const SourceWorld& world) {
  bool needs_main = world.section.empty() && world.call.empty();
  return {open_all, const_cast<SourceWorld*>(&world), Form::Source, needs_main};
}

}  // namespace stook
