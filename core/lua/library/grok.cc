// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. `stook.grok`: lines taken to pieces by patterns with names, as `%{IP:client} %{NUMBER:bytes:int}`.
/// All functions RAISE, but for `destroy`.
#include "core/api/grok.hh"

#include "core/data/typed_text.hh"
#include "core/lua/library/regex.hh"

namespace stook {

namespace {
/// A compiled grok pattern.
struct Grok {
  LuaRegex regex;
  std::vector<GrokField> fields;
};

int destroy(lua_State* raw) {
  Grok& grok = *static_cast<Grok*>(lua_touserdata(raw, 1));
  refund(raw, grok.regex.charged);
  grok.~Grok();
  return 0;
}

int match(lua_State* raw);
const luaL_Reg methods[] = {{"match", match}, {nullptr, nullptr}};
const ObjectKind grok_kind = {"grok pattern", methods, destroy};

// A number that is none stays the text it is.
void push_field(lua_State* raw, const GrokField& field, std::string_view bytes) {
  Cell cell;
  bool is_whole = field.type == Type::Integer || field.type == Type::Unsigned;
  if (is_whole && read_integer(bytes, cell) && cell.type == Type::Integer) {
    lua_pushinteger(raw, cell.integer);
  } else if (field.type == Type::Real && read_real(bytes, cell)) {
    lua_pushnumber(raw, cell.real);
  } else if (field.type == Type::Boolean && (bytes == "true" || bytes == "false")) {
    lua_pushboolean(raw, bytes == "true" ? 1 : 0);
  } else {
    push_text(raw, bytes);
  }
}

// grok:match(text): a table of the fields, or nil.
int match(lua_State* raw) {
  const char* function = "grok:match";
  Grok& grok = *static_cast<Grok*>(object_argument(raw, 1, grok_kind, function));
  std::string_view text = text_argument(raw, 2, function);
  if (!grok.regex.match(raw, text, 0, function)) {
    lua_pushnil(raw);
    return 1;
  }
  lua_createtable(raw, 0, static_cast<int>(grok.fields.size()));
  for (const GrokField& field : grok.fields) {
    std::string_view bytes;
    if (grok.regex.group(text, field.number, bytes)) {
      push_text(raw, field.name);
      push_field(raw, field, bytes);
      lua_rawset(raw, -3);
    }
  }
  return 1;
}

// Checks that the table at 2 has texts only. RAISES.
void check_own(lua_State* raw, const char* function) {
  if (!lua_istable(raw, 2)) {
    refuse(raw, function, "argument 2 is a %s; it would be a table of patterns by name", luaL_typename(raw, 2));
  }
  int count = 0;
  lua_pushnil(raw);
  while (lua_next(raw, 2) != 0) {
    if (lua_type(raw, -2) != LUA_TSTRING || lua_type(raw, -1) != LUA_TSTRING || ++count > 1000) {
      refuse(raw, function, "argument 2 has a %s; it would be a table of up to 1000 patterns by name",
             luaL_typename(raw, -1));
    }
    lua_pop(raw, 1);
  }
}

// Reads the table at 2, which was checked: nothing here raises.
void add_own(lua_State* raw, GrokShelf& shelf) {
  lua_pushnil(raw);
  while (lua_next(raw, 2) != 0) {
    shelf.add(lua_tostring(raw, -2), lua_tostring(raw, -1));
    lua_pop(raw, 1);
  }
}

// stook.grok(pattern [, { NAME = pattern }])
int make(lua_State* raw) {
  const char* function = "stook.grok";
  std::string_view pattern = text_argument(raw, 1, function);
  bool has_own = !lua_isnoneornil(raw, 2);
  if (has_own) {
    check_own(raw, function);
  }
  Grok& grok = make_object<Grok>(raw, grok_kind);
  Desk& desk = Desk::of(raw);
  luaL_checkstack(raw, 8, "too many arguments");
  if (!desk.attempt([&] {
        GrokShelf shelf;
        shelf.remedy = "a second argument may define it";
        if (has_own) {
          add_own(raw, shelf);
        }
        GrokExpression expression(pattern, shelf);
        grok.regex.compile(expression.text);
        expression.number(*grok.regex.quick_form);
        grok.fields = std::move(expression.fields);
        return true;
      })) {
    return refuse(raw, function, "%s", desk.reason.c_str());
  }
  charge_regex(raw, grok.regex);
  return 1;
}
}  // namespace

void open_grok(lua_State* raw) {
  lua_pushcfunction(raw, make);
}

}  // namespace stook
