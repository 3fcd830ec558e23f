// SPDX-License-Identifier: Apache-2.0
#include "core/lua/library/desk.hh"

#include <cstdarg>
#include <cstring>
#include <memory>

#include "core/lua/library.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
const char desk_place = 0;
constexpr size_t kept_text = 64 * 1024;

struct DeskHolder {
  std::unique_ptr<Desk> desk;
};
const ObjectKind desk_kind = {"desk", nullptr, destroy_object<DeskHolder>};

struct Part {
  const char* name;
  void (*open)(lua_State* raw);
};
constexpr Part parts[] = {{"base64", open_base64},
                          {"counter", open_counter},
                          {"gauge", open_gauge},
                          {"grok", open_grok},
                          {"hash", open_hash},
                          {"histogram", open_histogram},
                          {"hostname", open_hostname},
                          {"ip", open_ip},
                          {"json", open_json},
                          {"keep", open_keep},
                          {"lookup", open_lookup},
                          {"msgpack", open_msgpack},
                          {"regex", open_regex},
                          {"shared", open_shared},
                          {"time", open_time},
                          {"url", open_url},
                          {"user_agent", open_user_agent}};

// stook.NAME for the first time.
int open_part(lua_State* raw) {
  const char* name = lua_type(raw, 2) == LUA_TSTRING ? lua_tostring(raw, 2) : "";
  for (const Part& part : parts) {
    if (std::strcmp(part.name, name) == 0) {
      part.open(raw);
      lua_pushvalue(raw, 2);
      lua_pushvalue(raw, -2);
      lua_rawset(raw, 1);
      return 1;
    }
  }
  return 0;
}
}  // namespace

void open_parts(lua_State* raw) {
  lua_createtable(raw, 0, 2);
  lua_pushcfunction(raw, open_part);
  lua_setfield(raw, -2, "__index");
  lua_pushboolean(raw, 0);
  lua_setfield(raw, -2, "__metatable");
  lua_setmetatable(raw, -2);
}

int refuse(lua_State* raw, const char* function, const char* what, ...) {
  va_list arguments;
  luaL_where(raw, 1);
  lua_pushfstring(raw, "%s: ", function);
  va_start(arguments, what);
  lua_pushvfstring(raw, what, arguments);
  va_end(arguments);
  lua_concat(raw, 3);
  return lua_error(raw);
}

std::string_view text_argument(lua_State* raw, int index, const char* function) {
  int type = lua_type(raw, index);
  if (type != LUA_TSTRING && type != LUA_TNUMBER) {
    refuse(raw, function, "argument %d is a %s; it would be a text", index, luaL_typename(raw, index));
  }
  size_t size = 0;
  const char* bytes = lua_tolstring(raw, index, &size);
  return {bytes, size};
}

lua_Integer integer_argument(lua_State* raw, int index, const char* function) {
  int is_integer = 0;
  lua_Integer value = lua_tointegerx(raw, index, &is_integer);
  if (is_integer == 0) {
    refuse(raw, function, "argument %d is a %s; it would be an integer", index, luaL_typename(raw, index));
  }
  return value;
}

lua_Integer integer_argument(lua_State* raw, int index, const char* function, lua_Integer otherwise) {
  return lua_isnoneornil(raw, index) ? otherwise : integer_argument(raw, index, function);
}

void push_text(lua_State* raw, std::string_view text) {
  lua_pushlstring(raw, text.data(), text.size());
}

int no_answer(lua_State* raw, std::string_view reason) {
  lua_pushnil(raw);
  push_text(raw, reason);
  return 2;
}

void push_functions(lua_State* raw, const luaL_Reg* functions) {
  lua_newtable(raw);
  luaL_setfuncs(raw, functions, 0);
}

void Desk::clear() {
  json.trim();
  arena.reset();
  out.reset(kept_text);
  if (text.capacity() > kept_text) {
    std::string().swap(text);
  }
  text.clear();
}

Desk& Desk::of(lua_State* raw) {
  if (lua_rawgetp(raw, LUA_REGISTRYINDEX, &desk_place) == LUA_TUSERDATA) {
    Desk& desk = *static_cast<DeskHolder*>(lua_touserdata(raw, -1))->desk;
    lua_pop(raw, 1);
    desk.clear();
    return desk;
  }
  lua_pop(raw, 1);
  DeskHolder& holder = make_object<DeskHolder>(raw, desk_kind);
  try {
    holder.desk = std::make_unique<Desk>();
  } catch (const std::bad_alloc&) {  // raised below, where nothing of it is on the stack
  }
  if (holder.desk == nullptr) {
    luaL_error(raw, "not enough memory");
  }
  lua_rawsetp(raw, LUA_REGISTRYINDEX, &desk_place);
  return *holder.desk;
}

void set_kind(lua_State* raw, const ObjectKind& kind) {
  if (lua_rawgetp(raw, LUA_REGISTRYINDEX, &kind) != LUA_TTABLE) {
    lua_pop(raw, 1);
    lua_createtable(raw, 0, 4);
    if (kind.methods != nullptr) {
      push_functions(raw, kind.methods);
      lua_setfield(raw, -2, "__index");
    }
    lua_pushstring(raw, kind.name);
    lua_setfield(raw, -2, "__name");
    lua_pushboolean(raw, 0);
    lua_setfield(raw, -2, "__metatable");
    lua_pushcfunction(raw, kind.destroy);
    lua_setfield(raw, -2, "__gc");
    lua_pushvalue(raw, -1);
    lua_rawsetp(raw, LUA_REGISTRYINDEX, &kind);
  }
  lua_setmetatable(raw, -2);
}

void* object_argument(lua_State* raw, int index, const ObjectKind& kind, const char* function) {
  if (lua_type(raw, index) == LUA_TUSERDATA && lua_getmetatable(raw, index) != 0) {
    lua_rawgetp(raw, LUA_REGISTRYINDEX, &kind);
    bool is_kind = lua_rawequal(raw, -1, -2) != 0;
    lua_pop(raw, 2);
    if (is_kind) {
      return lua_touserdata(raw, index);
    }
  }
  refuse(raw, function, "argument %d is a %s; it would be a %s: is it called with ':'?", index,
         luaL_typename(raw, index), kind.name);
  return nullptr;
}

void charge(lua_State* raw, size_t size) {
  LuaHeap& heap = LuaState::of(raw).heap();
  if (heap.charge(size)) {
    return;
  }
  lua_gc(raw, LUA_GCCOLLECT);
  if (!heap.charge(size)) {
    luaL_error(raw, "not enough memory");
  }
}

void refund(lua_State* raw, size_t size) {
  LuaState::of(raw).heap().refund(size);
}

}  // namespace stook
