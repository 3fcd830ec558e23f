// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. `stook.regex`: regular expressions by PCRE2. All functions RAISE, but for `destroy`.
#include "core/lua/library/regex.hh"

#include <cstring>

namespace stook {

namespace {
int destroy(lua_State* raw) {
  LuaRegex& regex = *static_cast<LuaRegex*>(lua_touserdata(raw, 1));
  refund(raw, regex.charged);
  regex.~LuaRegex();
  return 0;
}

int match(lua_State* raw);
int find(lua_State* raw);
int named(lua_State* raw);
int each(lua_State* raw);
int replace(lua_State* raw);
const luaL_Reg methods[] = {{"match", match}, {"find", find},       {"named", named},
                            {"gmatch", each}, {"replace", replace}, {nullptr, nullptr}};
const ObjectKind regex_kind = {"regular expression", methods, destroy};

LuaRegex& regex_argument(lua_State* raw, int index, const char* function) {
  return *static_cast<LuaRegex*>(object_argument(raw, index, regex_kind, function));
}

// Where to begin, counted from 0; beyond the text: size + 1.
size_t start_argument(lua_State* raw, int index, const char* function, size_t size) {
  lua_Integer from = integer_argument(raw, index, function, 1);
  if (from < 0) {
    from = from + static_cast<lua_Integer>(size) + 1 < 1 ? 1 : from + static_cast<lua_Integer>(size) + 1;
  }
  from = from == 0 ? 1 : from;
  return static_cast<lua_Unsigned>(from) - 1 > size ? size + 1 : static_cast<size_t>(from) - 1;
}

// All groups, or the whole match when there are none (`whole` 0) or none are asked for.
int push_groups(lua_State* raw, const LuaRegex& regex, std::string_view text, bool wants_whole) {
  int count = regex.quick_form->group_count();
  if (count == 0 && wants_whole) {
    push_group(raw, regex, text, 0);
    return 1;
  }
  luaL_checkstack(raw, count + 8, "too many groups");
  for (int i = 1; i <= count; i++) {
    push_group(raw, regex, text, i);
  }
  return count;
}

int match(lua_State* raw) {
  const char* function = "regex:match";
  LuaRegex& regex = regex_argument(raw, 1, function);
  std::string_view text = text_argument(raw, 2, function);
  size_t from = start_argument(raw, 3, function, text.size());
  if (from > text.size() || !regex.match(raw, text, from, function)) {
    lua_pushnil(raw);
    return 1;
  }
  return push_groups(raw, regex, text, true);
}

int find(lua_State* raw) {
  const char* function = "regex:find";
  LuaRegex& regex = regex_argument(raw, 1, function);
  std::string_view text = text_argument(raw, 2, function);
  size_t from = start_argument(raw, 3, function, text.size());
  std::string_view whole;
  if (from > text.size() || !regex.match(raw, text, from, function) || !regex.group(text, 0, whole)) {
    lua_pushnil(raw);
    return 1;
  }
  lua_Integer begin = whole.data() - text.data();
  lua_pushinteger(raw, begin + 1);
  lua_pushinteger(raw, begin + static_cast<lua_Integer>(whole.size()));
  return 2 + push_groups(raw, regex, text, false);
}

// regex:named(text): a table of the named groups that took part.
int named(lua_State* raw) {
  const char* function = "regex:named";
  LuaRegex& regex = regex_argument(raw, 1, function);
  std::string_view text = text_argument(raw, 2, function);
  if (!regex.match(raw, text, 0, function)) {
    lua_pushnil(raw);
    return 1;
  }
  lua_createtable(raw, 0, static_cast<int>(regex.quick_form->groups().size()));
  for (const Regex::Group& group : regex.quick_form->groups()) {
    std::string_view bytes;
    if (regex.group(text, group.number, bytes)) {
      push_text(raw, bytes);
      lua_setfield(raw, -2, group.name.c_str());
    }
  }
  return 1;
}

// The next match that is not empty right behind the last one; `last` is where that ended, size + 1 for none yet.
bool next_match(lua_State* raw, LuaRegex& regex, std::string_view text, size_t last, std::string_view& whole,
                const char* function) {
  size_t from = last > text.size() ? 0 : last;
  while (from <= text.size() && regex.match(raw, text, from, function) && regex.group(text, 0, whole)) {
    if (!whole.empty() || static_cast<size_t>(whole.data() - text.data()) != last) {
      return true;
    }
    from++;
  }
  return false;
}

// Upvalues: the expression, the text, the end of the last match.
int next_groups(lua_State* raw) {
  LuaRegex& regex = regex_argument(raw, lua_upvalueindex(1), "regex:gmatch");
  std::string_view text = text_argument(raw, lua_upvalueindex(2), "regex:gmatch");
  size_t last = static_cast<size_t>(lua_tointeger(raw, lua_upvalueindex(3)));
  std::string_view whole;
  if (!next_match(raw, regex, text, last, whole, "regex:gmatch")) {
    lua_pushnil(raw);
    return 1;
  }
  lua_pushinteger(raw, whole.data() - text.data() + static_cast<lua_Integer>(whole.size()));
  lua_replace(raw, lua_upvalueindex(3));
  return push_groups(raw, regex, text, true);
}

int each(lua_State* raw) {
  regex_argument(raw, 1, "regex:gmatch");
  std::string_view text = text_argument(raw, 2, "regex:gmatch");
  lua_settop(raw, 2);
  lua_pushinteger(raw, static_cast<lua_Integer>(text.size()) + 1);
  lua_pushcclosure(raw, next_groups, 3);
  return 1;
}

// Adds the text at 3 with %0 to %9 filled in.
void add_filled(lua_State* raw, luaL_Buffer& out, const LuaRegex& regex, std::string_view text) {
  std::string_view by = text_argument(raw, 3, "regex:replace");
  for (size_t i = 0; i < by.size(); i++) {
    if (by[i] != '%') {
      luaL_addchar(&out, by[i]);
      continue;
    }
    char what = i + 1 < by.size() ? by[++i] : '\0';
    std::string_view bytes;
    if (what >= '0' && what <= '9' && what - '0' <= regex.quick_form->group_count()) {
      bytes = regex.group(text, what - '0', bytes) ? bytes : std::string_view();
      luaL_addlstring(&out, bytes.data(), bytes.size());
    } else if (what == '%') {
      luaL_addchar(&out, '%');
    } else {
      refuse(raw, "regex:replace", "'%%' stands before no group; %%0 to %%9 are groups, %%%% is a percent sign");
    }
  }
}

void add_replacement(lua_State* raw, luaL_Buffer& out, const LuaRegex& regex, std::string_view text,
                     std::string_view whole) {
  int type = lua_type(raw, 3);
  if (type != LUA_TTABLE && type != LUA_TFUNCTION) {
    add_filled(raw, out, regex, text);
    return;
  }
  if (type == LUA_TTABLE) {
    push_group(raw, regex, text, regex.quick_form->group_count() > 0 ? 1 : 0);
    if (lua_isnil(raw, -1)) {
      lua_pop(raw, 1);
      lua_pushliteral(raw, "");
    }
    lua_gettable(raw, 3);
  } else {
    lua_pushvalue(raw, 3);
    int count = push_groups(raw, regex, text, true);
    lua_call(raw, count, 1);
  }
  if (lua_toboolean(raw, -1) == 0) {
    lua_pop(raw, 1);
    luaL_addlstring(&out, whole.data(), whole.size());
  } else if (lua_isstring(raw, -1) == 0) {
    refuse(raw, "regex:replace", "a match would be replaced by a %s; it would be a text", luaL_typename(raw, -1));
  } else {
    luaL_addvalue(&out);
  }
}

// regex:replace(text, by [, most]): the text and how many were replaced.
int replace(lua_State* raw) {
  const char* function = "regex:replace";
  LuaRegex& regex = regex_argument(raw, 1, function);
  std::string_view text = text_argument(raw, 2, function);
  if (lua_type(raw, 3) != LUA_TTABLE && lua_type(raw, 3) != LUA_TFUNCTION) {
    text_argument(raw, 3, function);
  }
  lua_Integer most = integer_argument(raw, 4, function, LUA_MAXINTEGER);
  size_t copied = 0;
  size_t last = text.size() + 1;
  lua_Integer count = 0;
  luaL_Buffer out;
  luaL_buffinit(raw, &out);
  std::string_view whole;
  while (count < most && next_match(raw, regex, text, last, whole, function)) {
    size_t begin = static_cast<size_t>(whole.data() - text.data());
    luaL_addlstring(&out, text.data() + copied, begin - copied);
    add_replacement(raw, out, regex, text, whole);
    copied = last = begin + whole.size();
    count++;
  }
  luaL_addlstring(&out, text.data() + copied, text.size() - copied);
  luaL_pushresult(&out);
  lua_pushinteger(raw, count);
  return 2;
}

// stook.regex(pattern [, letters])
int make(lua_State* raw) {
  const char* function = "stook.regex";
  text_argument(raw, 1, function);
  std::string_view letters = lua_isnoneornil(raw, 2) ? std::string_view() : text_argument(raw, 2, function);
  if (letters.find_first_not_of("imsx") != std::string_view::npos || letters.size() > 4) {
    return refuse(raw, function, "argument 2 is '%s'; it would be some of i, m, s, x", letters.data());
  }
  if (!letters.empty()) {
    lua_pushfstring(raw, "(?%s)", letters.data());
    lua_pushvalue(raw, 1);
    lua_concat(raw, 2);
    lua_replace(raw, 1);
  }
  std::string_view pattern = text_argument(raw, 1, function);
  LuaRegex& regex = make_object<LuaRegex>(raw, regex_kind);
  Desk& desk = Desk::of(raw);
  if (!desk.attempt([&] {
        regex.compile(pattern);
        return true;
      })) {
    return refuse(raw, function, "%s", desk.reason.c_str());
  }
  charge_regex(raw, regex);
  return 1;
}
}  // namespace

void open_regex(lua_State* raw) {
  lua_pushcfunction(raw, make);
}

}  // namespace stook
