// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. A script's way from a file to a function that is ready to be called.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <lua.hpp>
#include <stdexcept>

#include "core/lua/manifest.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
constexpr size_t longest_script = 4 << 20;
constexpr size_t longest_name = 59;  // what Lua's messages show in full

std::string read_file(const std::string& path, const std::string& name) {
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  if (file == nullptr) {
    throw std::invalid_argument("the script " + path + " cannot be opened: " + std::strerror(errno));
  }
  std::string text;
  char buffer[16384];
  for (size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, file.get())) > 0;) {
    text.append(buffer, n);
    if (text.size() > longest_script) {
      throw std::invalid_argument(name + ": longer than 4 MiB, so it is no script");
    }
  }
  if (std::ferror(file.get()) != 0) {
    throw std::invalid_argument("the script " + path + " cannot be read: " + std::strerror(errno));
  }
  return text;
}

struct SetUp {
  const Manifest* manifest;
  Form form;
};

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

// Runs the script's set-up and puts its function into the registry. RAISES.
int set_up(lua_State* raw) {
  SetUp& what = *static_cast<SetUp*>(lua_touserdata(raw, 1));
  if (!what.manifest->is_table) {
    lua_getglobal(raw, "filter");
    lua_setfield(raw, LUA_REGISTRYINDEX, Script::function_key);
    what.form = Form::Record;
    return 0;
  }
  lua_getfield(raw, LUA_REGISTRYINDEX, LuaState::result_key);
  if (what.manifest->has_setup) {
    lua_getfield(raw, -1, "setup");
    push_options(raw, *what.manifest);
    lua_call(raw, 1, 1);
    if (!lua_istable(raw, -1)) {
      luaL_error(raw, "setup returns a %s; it would return a table with row or filter", luaL_typename(raw, -1));
    }
  }
  int table = lua_gettop(raw);
  bool has_filter = lua_getfield(raw, table, "filter") == LUA_TFUNCTION;
  bool has_row = lua_getfield(raw, table, "row") == LUA_TFUNCTION;
  if (has_filter == has_row) {
    luaL_error(raw, has_row ? "it has both row and filter; one of them is enough"
                            : "it has neither a function row nor a function filter");
  }
  what.form = has_row ? Form::Positional : Form::Record;
  lua_pushvalue(raw, has_row ? -1 : -2);
  lua_setfield(raw, LUA_REGISTRYINDEX, Script::function_key);
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

Form run_set_up(LuaState& state, const Manifest& manifest) {
  SetUp what{&manifest, Form::Record};
  within_budget(state, [&] { return state.call(set_up, &what); });
  return what.form;
}
}  // namespace

Script::Script(const std::string& path, const std::vector<std::string>& settings, const LuaLimits& limits) {
  name_ = path.substr(path.rfind('/') + 1);
  if (name_.size() > longest_name) {
    name_ = name_.substr(name_.size() - longest_name);
  }
  text_ = read_file(path, name_);
  folder_ = path.find('/') == std::string::npos ? "." : path.substr(0, path.rfind('/'));
  LuaState state(limits, "check", name_);
  state.folder = folder_;
  within_budget(state, [&] { return state.run_chunk(text_); });
  read_manifest(state, manifest_);
  for (const std::string& setting : settings) {
    give(setting);
  }
  for (const ScriptOption& option : manifest_.options) {
    if (!option.is_given) {
      throw std::invalid_argument(name_ + ": its option " + option.name + " is mandatory; set = " + option.name + "=…");
    }
  }
  manifest_.form = run_set_up(state, manifest_);
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
  state->folder = folder_;
  within_budget(*state, [&] { return state->run_chunk(text_); });
  if (run_set_up(*state, manifest_) != manifest_.form) {
    throw std::invalid_argument(name_ + ": its set-up gives now row, now filter");
  }
  return state;
}

}  // namespace stook
