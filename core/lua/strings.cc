// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The string library: matching under the budget, no bytecode, no copies without end. All functions RAISE.
#include <cstring>
#include <lua.hpp>
#include <string_view>

#include "core/lua/library.hh"
#include "core/lua/patterns.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
std::string_view text_at(lua_State* raw, int index) {
  size_t size = 0;
  const char* bytes = luaL_checklstring(raw, index, &size);
  return {bytes, size};
}

// Where a search begins, counted from 0: `init` counts from 1, or from the end when negative. Past the end: size + 1.
size_t start_of(lua_Integer init, size_t size) {
  if (init > 0) {
    return static_cast<lua_Unsigned>(init) - 1 > size ? size + 1 : static_cast<size_t>(init) - 1;
  }
  if (init == 0 || init < -static_cast<lua_Integer>(size)) {
    return 0;
  }
  return size - static_cast<size_t>(-init);
}

bool is_plain(std::string_view pattern) {
  return pattern.find_first_of("^$*+?.([%-") == std::string_view::npos;
}

int push_place(lua_State* raw, std::string_view text, const char* start, const char* end) {
  lua_pushinteger(raw, start - text.data() + 1);
  lua_pushinteger(raw, end - text.data());
  return 2;
}

int search(lua_State* raw, bool wants_place) {
  std::string_view text = text_at(raw, 1);
  std::string_view pattern = text_at(raw, 2);
  size_t start = start_of(luaL_optinteger(raw, 3, 1), text.size());
  if (start > text.size()) {
    lua_pushnil(raw);
    return 1;
  }
  if (wants_place && (lua_toboolean(raw, 4) != 0 || is_plain(pattern))) {
    const void* found = memmem(text.data() + start, text.size() - start, pattern.data(), pattern.size());
    if (found != nullptr) {
      const char* at = static_cast<const char*>(found);
      return push_place(raw, text, at, at + pattern.size());
    }
    lua_pushnil(raw);
    return 1;
  }
  bool is_anchored = !pattern.empty() && pattern[0] == '^';
  const char* p = pattern.data() + (is_anchored ? 1 : 0);
  PatternMatch matcher(raw, text, pattern);
  for (const char* at = text.data() + start; at <= text.data() + text.size(); at++) {
    const char* end = matcher.match(at, p);
    if (end != nullptr) {
      if (!wants_place) {
        return matcher.push_captures(at, end);
      }
      int places = push_place(raw, text, at, end);
      return places + matcher.push_captures(nullptr, nullptr);
    }
    if (is_anchored) {
      break;
    }
  }
  lua_pushnil(raw);
  return 1;
}

int find(lua_State* raw) {
  return search(raw, true);
}
int match(lua_State* raw) {
  return search(raw, false);
}

// Upvalues: text, pattern, where to go on (counted from 0), the end of the last match plus 1 (0: none yet).
int next_match(lua_State* raw) {
  std::string_view text = text_at(raw, lua_upvalueindex(1));
  std::string_view pattern = text_at(raw, lua_upvalueindex(2));
  size_t from = static_cast<size_t>(lua_tointeger(raw, lua_upvalueindex(3)));
  size_t last = static_cast<size_t>(lua_tointeger(raw, lua_upvalueindex(4)));
  PatternMatch matcher(raw, text, pattern);
  for (; from <= text.size(); from++) {
    const char* start = text.data() + from;
    const char* end = matcher.match(start, pattern.data());
    if (end != nullptr && static_cast<size_t>(end - text.data()) + 1 != last) {
      lua_pushinteger(raw, end - text.data());
      lua_replace(raw, lua_upvalueindex(3));
      lua_pushinteger(raw, end - text.data() + 1);
      lua_replace(raw, lua_upvalueindex(4));
      return matcher.push_captures(start, end);
    }
  }
  return 0;
}

int each_match(lua_State* raw) {
  size_t size = text_at(raw, 1).size();
  text_at(raw, 2);
  size_t start = start_of(luaL_optinteger(raw, 3, 1), size);
  lua_settop(raw, 2);
  lua_pushinteger(raw, static_cast<lua_Integer>(start));
  lua_pushinteger(raw, 0);
  lua_pushcclosure(raw, next_match, 4);
  return 1;
}

// Adds what a replacement text says for one match.
void add_text(lua_State* raw, luaL_Buffer& out, PatternMatch& matcher, const char* start, const char* end) {
  size_t size = 0;
  const char* text = lua_tolstring(raw, 3, &size);
  const char* text_end = text + size;
  while (text < text_end) {
    const char* mark = static_cast<const char*>(std::memchr(text, '%', static_cast<size_t>(text_end - text)));
    if (mark == nullptr) {
      luaL_addlstring(&out, text, static_cast<size_t>(text_end - text));
      return;
    }
    luaL_addlstring(&out, text, static_cast<size_t>(mark - text));
    char what = mark + 1 < text_end ? mark[1] : '\0';
    if (what == '%') {
      luaL_addchar(&out, '%');
    } else if (what == '0') {
      luaL_addlstring(&out, start, static_cast<size_t>(end - start));
    } else if (what >= '1' && what <= '9') {
      matcher.push_capture(what - '1', start, end);
      luaL_tolstring(raw, -1, nullptr);
      lua_remove(raw, -2);
      luaL_addvalue(&out);
    } else {
      luaL_error(raw, "invalid use of '%%' in replacement string");
    }
    text = mark + 2;
  }
}

// Adds what stands for one match: text, the table's entry or the function's answer.
void add_replacement(lua_State* raw, luaL_Buffer& out, PatternMatch& matcher, const char* start, const char* end) {
  switch (lua_type(raw, 3)) {
    case LUA_TFUNCTION: {
      lua_pushvalue(raw, 3);
      int count = matcher.push_captures(start, end);
      lua_call(raw, count, 1);
      break;
    }
    case LUA_TTABLE:
      matcher.push_capture(0, start, end);
      lua_gettable(raw, 3);
      break;
    default:
      add_text(raw, out, matcher, start, end);
      return;
  }
  if (lua_toboolean(raw, -1) == 0) {
    lua_pop(raw, 1);
    luaL_addlstring(&out, start, static_cast<size_t>(end - start));
  } else if (lua_isstring(raw, -1) == 0) {
    luaL_error(raw, "invalid replacement value (a %s)", luaL_typename(raw, -1));
  } else {
    luaL_addvalue(&out);
  }
}

int replace_all(lua_State* raw) {
  std::string_view text = text_at(raw, 1);
  std::string_view pattern = text_at(raw, 2);
  int kind = lua_type(raw, 3);
  luaL_argexpected(raw, kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TFUNCTION || kind == LUA_TTABLE, 3,
                   "string/function/table");
  lua_Integer most = luaL_optinteger(raw, 4, static_cast<lua_Integer>(text.size()) + 1);
  bool is_anchored = !pattern.empty() && pattern[0] == '^';
  const char* p = pattern.data() + (is_anchored ? 1 : 0);
  const char* at = text.data();
  const char* text_end = text.data() + text.size();
  const char* last = nullptr;
  lua_Integer count = 0;
  PatternMatch matcher(raw, text, pattern);
  luaL_Buffer out;
  luaL_buffinit(raw, &out);
  while (count < most) {
    const char* end = matcher.match(at, p);
    if (end != nullptr && end != last) {
      count++;
      add_replacement(raw, out, matcher, at, end);
      at = last = end;
    } else if (at < text_end) {
      luaL_addchar(&out, *at++);
    } else {
      break;
    }
    if (is_anchored) {
      break;
    }
  }
  luaL_addlstring(&out, at, static_cast<size_t>(text_end - at));
  luaL_pushresult(&out);
  lua_pushinteger(raw, count);
  return 2;
}

int repeat(lua_State* raw) {
  std::string_view text = text_at(raw, 1);
  lua_Integer times = luaL_checkinteger(raw, 2);
  size_t between = 0;
  luaL_optlstring(raw, 3, "", &between);
  size_t each = text.size() + between;
  if (each == 0 || times <= 0) {  // Lua's own would count up to `times`
    lua_pushliteral(raw, "");
    return 1;
  }
  if (static_cast<lua_Unsigned>(times) > LuaState::of(raw).heap().limit() / each) {
    return luaL_error(raw, "resulting string too large");
  }
  lua_pushvalue(raw, lua_upvalueindex(1));
  lua_insert(raw, 1);
  lua_call(raw, lua_gettop(raw) - 1, 1);
  return 1;
}
}  // namespace

void open_strings(lua_State* raw) {
  lua_getglobal(raw, LUA_STRLIBNAME);
  const luaL_Reg own[] = {
      {"find", find}, {"match", match}, {"gmatch", each_match}, {"gsub", replace_all}, {nullptr, nullptr}};
  luaL_setfuncs(raw, own, 0);
  lua_pushnil(raw);
  lua_setfield(raw, -2, "dump");
  lua_getfield(raw, -1, "rep");
  lua_pushcclosure(raw, repeat, 1);
  lua_setfield(raw, -2, "rep");
  lua_pop(raw, 1);
  lua_pushliteral(raw, "");  // the metatable of all texts
  lua_getmetatable(raw, -1);
  lua_pushboolean(raw, 0);
  lua_setfield(raw, -2, "__metatable");
  lua_pop(raw, 2);
}

}  // namespace stook
