// SPDX-License-Identifier: Apache-2.0
#include "core/lua/stops.hh"

#include <utility>

#include "core/lua/state.hh"

namespace stook {

namespace {
// Set before any script runs, and constant then.
ScriptStops* listening = nullptr;
// The error of a task was shown already, where it was raised; it is on its way through the call that ran the task.
thread_local bool was_shown = false;

int stop_here(lua_State* raw) {
  lua_settop(raw, 0);
  stop_script(LuaState::of(raw), raw, raw, "stopped");
  return 0;
}
}  // namespace

ScriptStops* ScriptStops::listener() {
  return listening;
}

void ScriptStops::listen(ScriptStops* listener) {
  listening = listener;
}

// The watch looks away meanwhile: what time a person takes is not the script's.
void stop_script(LuaState& state, lua_State* runner, lua_State* where, std::string_view why) {
  if (listening == nullptr) {
    return;
  }
  Watched& watch = state.watch();
  bool is_starting = watch.is_starting();
  is_starting ? watch.leave_counted() : watch.leave();
  lua_sethook(where, nullptr, 0, 0);
  StoppedScript script(state, runner, where, why);
  listening->stopped(script);
  is_starting ? watch.enter_counted() : watch.enter();
  was_shown = where != runner;
}

int stop_at_error(lua_State* raw) {
  if (!std::exchange(was_shown, false)) {
    const char* text = lua_type(raw, 1) == LUA_TSTRING ? lua_tostring(raw, 1) : "an error that is no text";
    stop_script(LuaState::of(raw), raw, raw, text);
  }
  return 1;
}

void open_stop(lua_State* raw) {
  lua_pushcfunction(raw, stop_here);
  lua_setfield(raw, -2, "stop");
}

void open_debug_stop(lua_State* raw) {
  bool has_debug = lua_getglobal(raw, LUA_DBLIBNAME) == LUA_TTABLE;
  if (!has_debug && listening != nullptr) {
    lua_createtable(raw, 0, 1);
    lua_pushvalue(raw, -1);
    lua_setglobal(raw, LUA_DBLIBNAME);
    lua_replace(raw, -2);
    has_debug = true;
  }
  if (has_debug) {
    lua_pushcfunction(raw, stop_here);
    lua_setfield(raw, -2, "debug");
  }
  lua_pop(raw, 1);
}

}  // namespace stook
