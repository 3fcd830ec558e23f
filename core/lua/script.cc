// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. A script's way from a file to a function that is ready to be called.
#include <algorithm>
#include <cctype>
#include <lua.hpp>
#include <stdexcept>
#include <utility>

#include "core/lua/manifest.hh"
#include "core/lua/state.hh"
#include "core/lua/verbs.hh"

namespace stook {

namespace {
constexpr size_t longest_name = 59;  // what Lua's messages show in full

struct SetUp {
  const Manifest* manifest;
  const char* call;
  Form form;
  bool has_tick;
  int parameters;
  bool needs_main;
};

// The function, or functions, of which a script has one.
const char* main_name(Form form) {
  return form == Form::Source  ? "run"
         : form == Form::Sink  ? "deliver"
         : form == Form::Codec ? "encode"
                               : "row, filter or batch";
}

// Whether the name stands in the text by itself.
bool has_word(std::string_view text, std::string_view word) {
  auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    size_t end = at + word.size();
    if ((at == 0 || !is_part(text[at - 1])) && (end == text.size() || !is_part(text[end]))) {
      return true;
    }
  }
  return false;
}

// RAISES.
void push_options(lua_State* raw, const Manifest& manifest) {
  using Kind = ScriptOption::Kind;
  lua_createtable(raw, 0, static_cast<int>(manifest.options.size()));
  for (const ScriptOption& option : manifest.options) {
    if (option.kind == Kind::Real) {
      lua_pushnumber(raw, option.real);
    } else if (option.kind == Kind::Boolean) {
      lua_pushboolean(raw, static_cast<int>(option.integer));
    } else if (option.kind == Kind::Text) {
      lua_pushlstring(raw, option.text.data(), option.text.size());
    } else {
      lua_pushinteger(raw, option.integer);
    }
    lua_setfield(raw, -2, option.name.c_str());
  }
}

// Puts the function at the top into the registry; false: it is none.
bool keep_function(lua_State* raw, const char* key) {
  bool is_one = lua_isfunction(raw, -1);
  if (is_one) {
    lua_pushvalue(raw, -1);
    lua_setfield(raw, LUA_REGISTRYINDEX, key);
  }
  lua_pop(raw, 1);
  return is_one;
}

// Runs the set-up, if there is one, and pushes the table that has the script's functions.
void push_functions(lua_State* raw, const Manifest& manifest) {
  lua_getfield(raw, LUA_REGISTRYINDEX, LuaState::result_key);
  if (!manifest.has_setup) {
    return;
  }
  lua_getfield(raw, -1, "setup");
  push_options(raw, manifest);
  lua_call(raw, 1, 1);
  if (lua_isnil(raw, -1) && manifest.form == Form::Call) {
    lua_createtable(raw, 0, 0);
  }
  if (!lua_istable(raw, -1)) {
    luaL_error(raw, "setup returns a %s; it would return a table with %s", luaL_typename(raw, -1),
               main_name(manifest.form));
  }
}

void set_up_call(lua_State* raw, SetUp& what) {
  lua_getglobal(raw, what.call);
  if (!lua_isfunction(raw, -1)) {
    luaL_error(raw, "it defines no function %s", what.call);
  }
  lua_Debug about;
  lua_pushvalue(raw, -1);
  lua_getinfo(raw, ">u", &about);
  what.parameters = about.nparams;
  keep_function(raw, Script::function_key);
}

void set_up_table(lua_State* raw, int table, SetUp& what) {
  struct Way {
    const char* name;
    Form form;
  };
  int ways = 0;
  for (const Way& way : {Way{"filter", Form::Record}, Way{"row", Form::Positional}, Way{"batch", Form::Batch}}) {
    lua_getfield(raw, table, way.name);
    if (keep_function(raw, Script::function_key)) {
      what.form = way.form;
      ways++;
    }
  }
  if (ways == 0) {
    luaL_error(raw, "it has none of the functions row, filter and batch");
  }
  if (ways > 1) {
    luaL_error(raw, "it has more than one of row, filter and batch; one of them is enough");
  }
}

// The function that the script of a source or a sink is about, and the one that its configuration names.
void set_up_main(lua_State* raw, int table, const SetUp& what) {
  const char* name = main_name(what.form);
  lua_getfield(raw, table, name);
  if (!keep_function(raw, Script::function_key) && what.needs_main) {
    luaL_error(raw, "it has no function %s", name);
  }
  if (what.call[0] != '\0' && lua_getglobal(raw, what.call) != LUA_TFUNCTION) {
    luaL_error(raw, "it defines no function %s", what.call);
  }
  lua_settop(raw, table);
}

// Runs the script's set-up and puts its functions into the registry. RAISES.
int set_up(lua_State* raw) {
  SetUp& what = *static_cast<SetUp*>(lua_touserdata(raw, 1));
  bool is_table = what.manifest->is_table;
  if (is_table) {
    push_functions(raw, *what.manifest);
  } else {
    lua_pushglobaltable(raw);
  }
  int table = lua_gettop(raw);
  if (what.form >= Form::Source) {
    set_up_main(raw, table, what);
  } else if (what.form == Form::Call) {
    set_up_call(raw, what);
    if (!is_table) {  // its other functions are its own, whatever they are called
      return 0;
    }
  } else if (is_table) {
    set_up_table(raw, table, what);
  } else {
    lua_getfield(raw, table, "filter");
    keep_function(raw, Script::function_key);
  }
  lua_getfield(raw, table, "tick");
  what.has_tick = keep_function(raw, Script::tick_key);
  lua_getfield(raw, table, "stop");
  keep_function(raw, Script::stop_key);
  lua_getfield(raw, table, "finish");
  if (is_table && what.form == Form::Source) {
    keep_function(raw, Script::finish_key);
  } else {
    lua_pop(raw, 1);
  }
  return 0;
}

int open_verbs(lua_State* raw) {
  RowVerbs::open(raw);
  return 0;
}

// The message with the script's name in front, whether or not Lua put it there with a line.
std::string message_of(const LuaState& state) {
  std::string start = state.script() + ":";
  const std::string& error = state.error();
  return error.compare(0, start.size(), start) == 0 ? error : start + " " + error;
}

// Runs within the budget; throws with the script's own message.
template <class Deed>
void within_budget(LuaState& state, Deed&& deed) {
  state.watch().enter_counted();
  bool is_done = deed();
  state.watch().leave_counted();
  if (!is_done) {
    throw std::invalid_argument(message_of(state));
  }
}

// A message on what the script's table says has no line of Lua's; where it names something, that stands in the text.
std::string with_line(const std::string& message, const std::string& name, const std::string& text) {
  size_t begin = std::min(message.find('\''), message.size());
  size_t end = message.find('\'', begin + 1);
  std::string before = message.substr(0, begin);
  bool is_named = before == name + ": " || before == name + ": its table has ";
  size_t at =
      is_named && end != std::string::npos ? text.find(message.substr(begin + 1, end - begin - 1)) : std::string::npos;
  if (at == std::string::npos) {
    return message;
  }
  auto line = 1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(at), '\n');
  return name + ":" + std::to_string(line) + message.substr(name.size());
}

SetUp run_set_up(LuaState& state, const Manifest& manifest, const std::string& call, const ScriptLibrary& library) {
  SetUp what{&manifest, call.c_str(), manifest.form, false, 0, library.needs_main};
  within_budget(state, [&] { return state.call(set_up, &what); });
  return what;
}
}  // namespace

Script::Script(const std::string& path, const std::vector<std::string>& settings, const LuaLimits& limits,
               const std::string& call, CallVariables variables, ScriptLibrary library, const std::string* text)
    : call_(call), variables_(std::move(variables)), library_(library) {
  path_ = path;
  name_ = path.substr(path.rfind('/') + 1);
  if (name_.size() > longest_name) {
    name_ = name_.substr(name_.size() - longest_name);
  }
  text_ = text != nullptr ? *text : read_script(path, name_);
  folder_ = path.find('/') == std::string::npos ? "." : path.substr(0, path.rfind('/'));
  LuaState state(limits, "check", name_);
  run(state);
  manifest_.form = library.open != nullptr ? library.form : call.empty() ? Form::Record : Form::Call;
  try {
    read_manifest(state, manifest_);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(with_line(error.what(), name_, text_));
  }
  for (const std::string& setting : settings) {
    give(setting);
  }
  for (const ScriptOption& option : manifest_.options) {
    if (!option.is_given) {
      throw std::invalid_argument(name_ + ": its option " + option.name + " is mandatory; set = " + option.name + "=…");
    }
  }
  name_keys(name_, manifest_);
  SetUp what = run_set_up(state, manifest_, call_, library_);
  manifest_.form = what.form;
  manifest_.has_tick = what.has_tick;
  manifest_.parameters = what.parameters;
  manifest_.holds = has_word(text_, "hold");
  manifest_.emits = manifest_.holds || manifest_.form == Form::Call || has_word(text_, "emit");
}

// Runs the script's text, in the world that it may see.
void Script::run(LuaState& state) const {
  state.folder = folder_;
  within_budget(state, [&] {
    return state.call(open_verbs, nullptr) &&
           (call_.empty() || library_.open != nullptr ||
            state.call(open_call_world, const_cast<CallVariables*>(&variables_))) &&
           (library_.open == nullptr || state.call(library_.open, library_.argument)) && state.run_chunk(text_);
  });
}

void Script::give(std::string_view setting) {
  size_t equals = setting.find('=');
  std::string_view name = trim(setting.substr(0, equals));
  if (equals == std::string_view::npos) {
    throw std::invalid_argument("set takes name=value, not '" + std::string(setting) + "'");
  }
  std::vector<std::string> known;
  for (ScriptOption& option : manifest_.options) {
    known.push_back(option.name);
    if (option.name == name) {
      std::string why;
      if (!read_option(option, trim(setting.substr(equals + 1)), why)) {
        throw std::invalid_argument(name_ + ": its option " + option.name + ": " + why);
      }
      return;
    }
  }
  std::string_view near = nearest_name(name, known);
  throw std::invalid_argument(name_ + " has no option '" + std::string(name) + "'" +
                              (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
}

std::unique_ptr<LuaState> Script::start(const LuaLimits& limits, std::string_view instance) const {
  auto state = std::make_unique<LuaState>(limits, instance, name_);
  run(*state);
  if (run_set_up(*state, manifest_, call_, library_).form != manifest_.form) {
    throw std::invalid_argument(name_ + ": its set-up gives now one form, now another");
  }
  return state;
}

}  // namespace stook
