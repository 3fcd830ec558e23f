// SPDX-License-Identifier: Apache-2.0
/// Reading runs protected: what it fills lives outside, and no temporary with a destructor spans a call into Lua.
#include "core/lua/manifest.hh"

#include <lua.hpp>
#include <span>
#include <stdexcept>

#include "core/base/text.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
constexpr const char* kinds[] = {"integer", "real", "boolean", "text", "size", "duration"};
constexpr const char* states[] = {"none", "lane", "shared"};

std::string_view text_at(lua_State* raw, int index) {
  size_t size = 0;
  const char* bytes = lua_tolstring(raw, index, &size);
  return {bytes, size};
}

constexpr std::string_view field_names[] = {"kind",  "doc",   "options", "state",  "reads", "writes", "removes",
                                            "setup", "every", "row",     "filter", "batch", "tick",   "stop"};
constexpr std::string_view source_field_names[] = {"kind",  "doc", "options", "writes",
                                                   "setup", "run", "finish",  "stop"};
constexpr std::string_view sink_field_names[] = {"kind", "doc", "options", "setup", "encode", "deliver", "stop"};
constexpr std::string_view type_names[] = {"boolean", "integer", "unsigned", "real",  "time",
                                           "text",    "bytes",   "address",  "object"};

// All below RAISES.

// What stands behind a message on a name that is none of those known, when one of them is near.
const char* hint(lua_State* raw, std::string_view wrong, std::span<const std::string_view> known) {
  std::string_view near = nearest_name(wrong, known);
  return near.empty() ? "" : lua_pushfstring(raw, "; did you mean '%s'?", near.data());
}

int place_of(lua_State* raw, int index, const char* const* names, int count, const char* what) {
  if (lua_type(raw, index) == LUA_TSTRING) {
    for (int i = 0; i < count; i++) {
      if (text_at(raw, index) == names[i]) {
        return i;
      }
    }
    luaL_error(raw, "'%s' is no %s", lua_tostring(raw, index), what);
  }
  return luaL_error(raw, "a %s is no %s", luaL_typename(raw, index), what);
}

// `name:type`, with a leading '?' for what may be absent.
void split_key(lua_State* raw, int index, const char* field, std::string_view& name, Type& type) {
  if (lua_type(raw, index) != LUA_TSTRING) {
    luaL_error(raw, "%s takes texts such as 'status:integer', not a %s", field, luaL_typename(raw, index));
  }
  name = text_at(raw, index);
  type = Type::Mixed;
  size_t colon = name.rfind(':');
  if (colon != std::string_view::npos) {
    if (!find_type(name.substr(colon + 1), type)) {
      luaL_error(raw,
                 "'%s' in %s: its type is none of boolean, integer, unsigned, real, time, text, bytes, address, "
                 "object%s",
                 name.data(), field, hint(raw, name.substr(colon + 1), type_names));
    }
    name = name.substr(0, colon);
  }
  if (name.empty() || name == "?") {
    luaL_error(raw, "%s has a key without a name", field);
  }
}

// Pushes the list `field` of the table at `table` and gives its length.
lua_Integer open_list(lua_State* raw, int table, const char* field) {
  int type = lua_getfield(raw, table, field);
  if (type != LUA_TNIL && type != LUA_TTABLE) {
    luaL_error(raw, "%s is a %s; it would be a table of texts", field, lua_typename(raw, type));
  }
  lua_Integer size = type == LUA_TNIL ? 0 : static_cast<lua_Integer>(lua_rawlen(raw, -1));
  if (size > 100) {
    luaL_error(raw, "%s has more than 100 keys", field);
  }
  return size;
}

void read_keys(lua_State* raw, int table, Manifest& manifest) {
  std::string_view name;
  Type type{};
  for (lua_Integer i = 1, n = open_list(raw, table, "reads"); i <= n; i++) {
    lua_rawgeti(raw, -1, i);
    split_key(raw, lua_gettop(raw), "reads", name, type);
    bool is_optional = name[0] == '?';
    manifest.reads.push_back({std::string(name.substr(is_optional ? 1 : 0)), type, is_optional});
    lua_pop(raw, 1);
  }
  lua_pop(raw, 1);
  for (lua_Integer i = 1, n = open_list(raw, table, "writes"); i <= n; i++) {
    lua_rawgeti(raw, -1, i);
    split_key(raw, lua_gettop(raw), "writes", name, type);
    manifest.writes.push_back({std::string(name), type, {}, {}, false});
    lua_pop(raw, 1);
  }
  lua_pop(raw, 1);
  for (lua_Integer i = 1, n = open_list(raw, table, "removes"); i <= n; i++) {
    lua_rawgeti(raw, -1, i);
    split_key(raw, lua_gettop(raw), "removes", name, type);
    manifest.removes.emplace_back(name);
    lua_pop(raw, 1);
  }
  lua_pop(raw, 1);
}

// The value at the top as the option's default: of its own type, or a text as a configuration would have it.
void read_default(lua_State* raw, ScriptOption& option) {
  using Kind = ScriptOption::Kind;
  bool is_whole = option.kind == Kind::Integer || option.kind == Kind::Size || option.kind == Kind::Duration;
  bool is_taken = true;
  if (lua_isnil(raw, -1)) {
    return;  // mandatory
  }
  if (option.kind == Kind::Boolean && lua_isboolean(raw, -1)) {
    option.integer = lua_toboolean(raw, -1);
  } else if (is_whole && lua_isinteger(raw, -1) != 0) {
    option.integer = lua_tointeger(raw, -1);
  } else if (option.kind == Kind::Real && lua_type(raw, -1) == LUA_TNUMBER) {
    option.real = lua_tonumber(raw, -1);
  } else if (option.kind == Kind::Text && lua_type(raw, -1) == LUA_TSTRING) {
    option.text = text_at(raw, -1);
  } else {
    is_taken = false;
    if (lua_type(raw, -1) == LUA_TSTRING) {
      std::string why;
      is_taken = read_option(option, text_at(raw, -1), why);
    }
  }
  if (!is_taken) {
    luaL_error(raw, "option %s: its default is no %s", option.name.c_str(), kinds[static_cast<int>(option.kind)]);
  }
  option.is_given = true;
}

// The element of the option's table that stands at `place` or has the name.
void push_part(lua_State* raw, int table, int place, const char* name) {
  if (lua_getfield(raw, table, name) == LUA_TNIL) {
    lua_pop(raw, 1);
    lua_rawgeti(raw, table, place);
  }
}

void read_options(lua_State* raw, int table, Manifest& manifest) {
  if (lua_getfield(raw, table, "options") == LUA_TNIL) {
    lua_pop(raw, 1);
    return;
  }
  luaL_argexpected(raw, lua_istable(raw, -1), 1, "table of options");
  int options = lua_gettop(raw);
  lua_pushnil(raw);
  while (lua_next(raw, options) != 0) {
    if (lua_type(raw, -2) != LUA_TSTRING || !lua_istable(raw, -1)) {
      luaL_error(raw, "options takes entries such as floor = { 'integer', 1000, 'smallest flow kept' }");
    }
    int row = lua_gettop(raw);
    ScriptOption& option = manifest.options.emplace_back();
    option.name = text_at(raw, -2);
    push_part(raw, row, 1, "type");
    option.kind = static_cast<ScriptOption::Kind>(place_of(raw, -1, kinds, 6, "type of an option"));
    push_part(raw, row, 2, "default");
    read_default(raw, option);
    push_part(raw, row, 3, "doc");
    if (lua_type(raw, -1) == LUA_TSTRING) {
      option.doc = text_at(raw, -1);
    }
    lua_settop(raw, row - 1);
  }
  lua_pop(raw, 1);
}

// What depends on whose script it is.
struct ScriptWords {
  const char* kind;
  const char* main;
  const char* fields;  // behind kind, doc, options
  std::span<const std::string_view> known;
};
ScriptWords words_of(Form form) {
  if (form == Form::Source) {
    return {"source", "run(token)", "writes, setup, run, finish, stop", source_field_names};
  }
  if (form == Form::Sink || form == Form::Codec) {
    return {"sink", form == Form::Sink ? "deliver(bytes, rows)" : "encode(rec)", "setup, encode, deliver, stop",
            sink_field_names};
  }
  return {"filter", "filter(rec)", "state, reads, writes, removes, setup, every, row, filter, batch, tick, stop",
          field_names};
}

void check_fields(lua_State* raw, int table, const ScriptWords& words) {
  lua_pushnil(raw);
  while (lua_next(raw, table) != 0) {
    bool is_known = false;
    if (lua_type(raw, -2) == LUA_TSTRING) {
      for (std::string_view field : words.known) {
        is_known = is_known || text_at(raw, -2) == field;
      }
      if (!is_known) {
        const char* wrong = lua_tostring(raw, -2);
        luaL_error(raw, "its table has '%s', which is none of kind, doc, options, %s%s", wrong, words.fields,
                   hint(raw, wrong, words.known));
      }
    } else {
      luaL_error(raw, "its table has a %s for a name", luaL_typename(raw, -2));
    }
    lua_pop(raw, 1);
  }
}

// The period of the tick: `10s`, from 10 ms on.
int64_t duration_at(lua_State* raw, int index) {
  ScriptOption option;
  option.kind = ScriptOption::Kind::Duration;
  bool is_read = false;
  if (lua_type(raw, index) == LUA_TSTRING) {
    std::string why;
    is_read = read_option(option, text_at(raw, index), why);
  }
  if (!is_read || option.integer < 10'000'000) {
    luaL_error(raw, "every is no duration from 10ms on, such as \"10s\"");
  }
  return option.integer;
}

int read_protected(lua_State* raw) {
  Manifest& manifest = *static_cast<Manifest*>(lua_touserdata(raw, 1));
  int type = lua_getfield(raw, LUA_REGISTRYINDEX, LuaState::result_key);
  ScriptWords words = words_of(manifest.form);
  if (type == LUA_TNIL && manifest.form != Form::Record) {
    return 0;
  }
  if (type == LUA_TNIL) {
    if (lua_getglobal(raw, "filter") != LUA_TFUNCTION) {
      luaL_error(raw, "it neither defines function filter(rec) nor returns a table with row, filter or batch");
    }
    return 0;
  }
  if (type != LUA_TTABLE) {
    luaL_error(raw, "it returns a %s; it would return a table, or define function %s", lua_typename(raw, type),
               words.main);
  }
  int table = lua_gettop(raw);
  manifest.is_table = true;
  if (lua_getfield(raw, table, "kind") != LUA_TNIL &&
      (lua_type(raw, -1) != LUA_TSTRING || text_at(raw, -1) != words.kind)) {
    luaL_error(raw, "its kind is not \"%s\"", words.kind);
  }
  check_fields(raw, table, words);
  if (lua_getfield(raw, table, "doc") == LUA_TSTRING) {
    manifest.doc = text_at(raw, -1);
  }
  if (lua_getfield(raw, table, "state") != LUA_TNIL) {
    manifest.state = static_cast<State>(place_of(raw, -1, states, 3, "state; it would be none, lane or shared"));
  }
  manifest.has_setup = lua_getfield(raw, table, "setup") == LUA_TFUNCTION;
  if (lua_getfield(raw, table, "every") != LUA_TNIL) {
    manifest.every = duration_at(raw, -1);
  }
  lua_settop(raw, table);
  read_options(raw, table, manifest);
  read_keys(raw, table, manifest);
  return 0;
}
}  // namespace

void read_manifest(LuaState& state, Manifest& manifest) {
  if (!state.call(read_protected, &manifest)) {
    throw std::invalid_argument(state.script() + ": " + state.error());
  }
}

}  // namespace stook
