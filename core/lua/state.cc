// SPDX-License-Identifier: Apache-2.0
#include "core/lua/state.hh"

#include <cinttypes>
#include <cstdio>
#include <new>

#include "core/base/clock.hh"
#include "core/base/text.hh"
#include "core/lua/library.hh"
#include "core/lua/stops.hh"

namespace stook {

namespace {
lua_State* make_state(LuaHeap& heap) {
  lua_State* raw = lua_newstate(LuaHeap::serve, &heap);
  if (raw == nullptr) {
    throw std::bad_alloc();
  }
  return raw;
}

int open_protected(lua_State* raw) {
  open_libraries(raw);
  return 0;
}
}  // namespace

LuaState::LuaState(const LuaLimits& limits, std::string_view instance, std::string_view script)
    : heap_(limits.memory),
      raw_(make_state(heap_)),
      watch_(raw_, limits.budget, std::string(instance)),
      instance_(instance),
      script_(script),
      usage_(instance, limits.memory) {
  *static_cast<LuaState**>(lua_getextraspace(raw_)) = this;
  if (!call(open_protected, nullptr)) {
    lua_close(raw_);
    throw std::bad_alloc();
  }
  // Generational: rows make short-lived texts, and it costs a quarter less than incremental for them.
  lua_gc(raw_, LUA_GCGEN, 0, 0);
}

LuaState::~LuaState() {
  lua_close(raw_);
}

bool LuaState::call(lua_CFunction function, void* argument) {
  int handler = 0;
  if (ScriptStops::listener() != nullptr) {
    lua_pushcfunction(raw_, stop_at_error);
    handler = lua_gettop(raw_);
  }
  lua_pushcfunction(raw_, function);
  lua_pushlightuserdata(raw_, argument);
  int64_t start = monotonic_ns();
  int result = lua_pcall(raw_, 1, 0, handler);
  usage_.ns.add(static_cast<uint64_t>(monotonic_ns() - start));
  usage_.memory.set(static_cast<int64_t>(heap_.used()));
  if (result == LUA_OK) {
    lua_pop(raw_, handler != 0 ? 1 : 0);
    return true;
  }
  keep_error();
  usage_.errors.add(1);
  usage_.kills.add(watch_.is_over() ? 1 : 0);
  lua_settop(raw_, 0);
  if (result == LUA_ERRMEM || watch_.is_over()) {
    // What the failed call left above the top of the stack is in the frame of the next call, where a collection that is
    // forced by lack of memory takes it for live. A full one clears it.
    lua_gc(raw_, LUA_GCCOLLECT);
  }
  return false;
}

// Outside any protected call: nothing here may raise, so no conversion by Lua and no metamethod.
void LuaState::keep_error() {
  char number[64];
  switch (lua_type(raw_, -1)) {
    case LUA_TSTRING: {
      size_t size = 0;
      const char* text = lua_tolstring(raw_, -1, &size);
      error_.assign(text, size < 512 ? size : 512);
      break;
    }
    case LUA_TNUMBER:
      if (lua_isinteger(raw_, -1)) {
        std::snprintf(number, sizeof number, "%" PRId64, static_cast<int64_t>(lua_tointeger(raw_, -1)));
      } else {
        std::snprintf(number, sizeof number, "%.14g", lua_tonumber(raw_, -1));
      }
      error_ = number;
      break;
    default:
      error_ = std::string("an error that is no text but a ") + lua_typename(raw_, lua_type(raw_, -1));
  }
}

int64_t LuaState::take_line(std::string& text) const {
  std::string start = script_ + ":";
  if (text.compare(0, start.size(), start) != 0) {
    return 0;
  }
  size_t at = start.size();
  int64_t line = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9' && line < 1'000'000'000) {
    line = line * 10 + (text[at++] - '0');
  }
  if (at == start.size() || text.compare(at, 2, ": ") != 0) {
    return 0;
  }
  text.erase(0, at + 2);
  return line;
}

namespace {
struct Chunk {
  const std::string* text;
  std::string name;
};

// RAISES.
int run_protected(lua_State* raw) {
  const Chunk* chunk = static_cast<const Chunk*>(lua_touserdata(raw, 1));
  const char* start = chunk->text->data();
  size_t size = chunk->text->size();
  if (size > 2 && start[0] == '#') {  // as the lua program does it: a first line for the shell
    while (size > 0 && *start != '\n') {
      start++;
      size--;
    }
  }
  if (luaL_loadbufferx(raw, start, size, chunk->name.c_str(), "t") != LUA_OK) {
    return lua_error(raw);
  }
  lua_call(raw, 0, 1);
  if (lua_isnil(raw, -1)) {
    lua_getfield(raw, LUA_REGISTRYINDEX, LuaState::otherwise_key);
  }
  lua_setfield(raw, LUA_REGISTRYINDEX, LuaState::result_key);
  return 0;
}
}  // namespace

bool LuaState::run_chunk(const std::string& text) {
  Chunk chunk{&text, "@" + script_};
  return call(run_protected, &chunk);
}

void LuaState::check_budget(lua_State* raw) {
  if (watch_.is_over()) {
    Watched::stop(raw);
    luaL_error(raw, "stopped: it ran longer than its budget");
  }
}

}  // namespace stook
