// SPDX-License-Identifier: Apache-2.0
/// Functions with a lua_State RAISE: what they fill lives in the object, and nothing with a destructor is on their stack.
#include <cstring>
#include <fstream>

#include "core/base/text.hh"
#include "core/lua/state.hh"
#include "core/lua/stops.hh"

namespace stook {

namespace {
constexpr int most_calls = 50;
constexpr int most_members = 20;
constexpr int deepest = 2;
constexpr size_t longest_text = 200;

StoppedScript& self_at(lua_State* raw, int index) {
  return *static_cast<StoppedScript*>(lua_touserdata(raw, index));
}

bool is_named(const char* name, const char* wanted) {
  return name != nullptr && std::strcmp(name, wanted) == 0;
}
}  // namespace

StoppedScript::StoppedScript(LuaState& state, lua_State* runner, lua_State* where, std::string_view why)
    : state_(state), runner_(runner), where_(where), why_(why) {
  while (level_ < most_calls && !is_lua(level_)) {
    level_++;
  }
  has_frame_ = lua_getstack(where_, level_, &frame_) != 0;
}

bool StoppedScript::is_lua(int level) const {
  lua_Debug frame{};
  return lua_getstack(where_, level, &frame) != 0 && lua_getinfo(where_, "S", &frame) != 0 &&
         std::strcmp(frame.what, "C") != 0;
}

std::string StoppedScript::place() const {
  lua_Debug frame = frame_;
  if (!has_frame_ || lua_getinfo(where_, "Sl", &frame) == 0) {
    return state_.script();
  }
  return std::string(frame.short_src) + ":" + std::to_string(frame.currentline);
}

std::string StoppedScript::line() const {
  lua_Debug frame = frame_;
  if (!has_frame_ || lua_getinfo(where_, "Sl", &frame) == 0) {
    return {};
  }
  std::ifstream file(state_.folder + "/" + frame.short_src);
  std::string text;
  for (int i = 0; i < frame.currentline && std::getline(file, text); i++) {}
  return file ? std::string(trim(text)) : std::string();
}

std::string StoppedScript::calls() const {
  std::string all;
  lua_Debug frame{};
  for (int level = 0; level < most_calls && lua_getstack(where_, level, &frame) != 0; level++) {
    if (!is_lua(level) || lua_getinfo(where_, "Sln", &frame) == 0) {
      continue;
    }
    all += level == level_ ? "-> " : "   ";
    all += std::string(frame.short_src) + ":" + std::to_string(frame.currentline);
    all += frame.name != nullptr ? std::string(" in ") + frame.name + "\n" : "\n";
  }
  return all;
}

bool StoppedScript::move(int by) {
  int step = by < 0 ? -1 : 1;
  for (int level = level_ + step; level >= 0 && level < most_calls; level += step) {
    if (is_lua(level)) {
      level_ = level;
      return lua_getstack(where_, level_, &frame_) != 0;
    }
  }
  return false;
}

// Calls the function protected; within the script's budget, so that what never ends comes to an end.
std::string StoppedScript::run(lua_CFunction function) {
  answer_.clear();
  if (!has_frame_ || lua_checkstack(runner_, 40) == 0 || lua_checkstack(where_, 40) == 0) {
    return "no script is to be seen here\n";
  }
  state_.watch().enter();
  lua_pushcfunction(runner_, function);
  lua_pushlightuserdata(runner_, this);
  bool went_well = lua_pcall(runner_, 1, 0, 0) == LUA_OK;
  if (!went_well) {
    state_.watch().recover();
    lua_sethook(runner_, nullptr, 0, 0);
    const char* text = lua_type(runner_, -1) == LUA_TSTRING ? lua_tostring(runner_, -1) : "an error that is no text";
    answer_ += std::string(text) + "\n";
    lua_pop(runner_, 1);
  }
  state_.watch().leave();
  return std::move(answer_);
}

std::string StoppedScript::variables() {
  return run(list_protected);
}

std::string StoppedScript::evaluate(const std::string& text) {
  expression_ = text;
  return run(evaluate_protected);
}

// The call's local variable of that number, or null.
const char* StoppedScript::push_local(lua_State* raw, int number) {
  const char* name = lua_getlocal(where_, &frame_, number);
  if (name != nullptr && where_ != raw) {
    lua_xmove(where_, raw, 1);
  }
  return name;
}

void StoppedScript::push_function(lua_State* raw) {
  lua_getinfo(where_, "f", &frame_);
  if (where_ != raw) {
    lua_xmove(where_, raw, 1);
  }
}

// Of several with the name the last one, which hides the others; 0: there is none.
int StoppedScript::find_local(lua_State* raw, const char* name) {
  int found = 0;
  for (int i = 1; const char* one = push_local(raw, i); i++) {
    found = is_named(one, name) ? i : found;
    lua_pop(raw, 1);
  }
  return found;
}

int StoppedScript::list_protected(lua_State* raw) {
  StoppedScript& self = self_at(raw, 1);
  for (int i = 1; const char* name = self.push_local(raw, i); i++) {
    if (name[0] != '(') {
      self.answer_.append(name).append(" = ");
      self.show(raw, lua_gettop(raw), deepest);
      self.answer_ += '\n';
    }
    lua_pop(raw, 1);
  }
  self.push_function(raw);
  int function = lua_gettop(raw);
  for (int i = 1; const char* name = lua_getupvalue(raw, function, i); i++) {
    if (name[0] != '\0' && !is_named(name, "_ENV")) {
      self.answer_.append(name).append(" = ");
      self.show(raw, lua_gettop(raw), deepest);
      self.answer_ += "  (from around the function)\n";
    }
    lua_pop(raw, 1);
  }
  return 0;
}

// What is typed sees the call's variables through a table whose members they are.
int StoppedScript::evaluate_protected(lua_State* raw) {
  StoppedScript& self = self_at(raw, 1);
  lua_pushliteral(raw, "return ");
  lua_pushlstring(raw, self.expression_.data(), self.expression_.size());
  lua_concat(raw, 2);
  size_t size = 0;
  const char* text = lua_tolstring(raw, -1, &size);
  if (luaL_loadbufferx(raw, text, size, "=typed", "t") != LUA_OK) {
    lua_pop(raw, 1);
    if (luaL_loadbufferx(raw, self.expression_.data(), self.expression_.size(), "=typed", "t") != LUA_OK) {
      return lua_error(raw);
    }
  }
  int function = lua_gettop(raw);
  lua_createtable(raw, 0, 0);
  lua_createtable(raw, 0, 2);
  lua_pushlightuserdata(raw, &self);
  lua_pushcclosure(raw, get_variable, 1);
  lua_setfield(raw, -2, "__index");
  lua_pushlightuserdata(raw, &self);
  lua_pushcclosure(raw, set_variable, 1);
  lua_setfield(raw, -2, "__newindex");
  lua_setmetatable(raw, -2);
  lua_setupvalue(raw, function, 1);
  lua_call(raw, 0, LUA_MULTRET);
  for (int i = function; i <= lua_gettop(raw); i++) {
    self.show(raw, i, deepest);
    self.answer_ += '\n';
  }
  return 0;
}

// (table, name): a local variable, one of those around the function, or a global one.
int StoppedScript::get_variable(lua_State* raw) {
  StoppedScript& self = self_at(raw, lua_upvalueindex(1));
  const char* name = luaL_checkstring(raw, 2);
  if (int number = self.find_local(raw, name); number > 0) {
    self.push_local(raw, number);
    return 1;
  }
  self.push_function(raw);
  int function = lua_gettop(raw);
  lua_pushglobaltable(raw);
  for (int i = 1; const char* one = lua_getupvalue(raw, function, i); i++) {
    if (is_named(one, name)) {
      return 1;
    }
    if (is_named(one, "_ENV")) {
      lua_replace(raw, function + 1);
    } else {
      lua_pop(raw, 1);
    }
  }
  lua_getfield(raw, function + 1, name);
  return 1;
}

// (table, name, value)
int StoppedScript::set_variable(lua_State* raw) {
  StoppedScript& self = self_at(raw, lua_upvalueindex(1));
  const char* name = luaL_checkstring(raw, 2);
  if (int number = self.find_local(raw, name); number > 0) {
    lua_pushvalue(raw, 3);
    if (self.where_ != raw) {
      lua_xmove(raw, self.where_, 1);
    }
    lua_setlocal(self.where_, &self.frame_, number);
    return 0;
  }
  self.push_function(raw);
  int function = lua_gettop(raw);
  lua_pushglobaltable(raw);
  for (int i = 1; const char* one = lua_getupvalue(raw, function, i); i++) {
    if (is_named(one, name)) {
      lua_pushvalue(raw, 3);
      lua_setupvalue(raw, function, i);
      return 0;
    }
    if (is_named(one, "_ENV")) {
      lua_replace(raw, function + 1);
    } else {
      lua_pop(raw, 1);
    }
  }
  lua_pushvalue(raw, 3);
  lua_setfield(raw, function + 1, name);
  return 0;
}

// Tables and rows with their members, as deep as said; texts in quotes.
void StoppedScript::show(lua_State* raw, int index, int depth) {
  luaL_checkstack(raw, 10, "too deep");
  int type = lua_type(raw, index);
  bool has_pairs = luaL_getmetafield(raw, index, "__pairs") != LUA_TNIL;
  lua_pop(raw, has_pairs ? 1 : 0);
  if ((type != LUA_TTABLE && !has_pairs) || depth == 0) {
    size_t size = 0;
    const char* text = luaL_tolstring(raw, index, &size);
    const char* quote = type == LUA_TSTRING ? "\"" : "";
    answer_.append(quote).append(printable({text, size}, longest_text)).append(quote);
    lua_pop(raw, 1);
    return;
  }
  answer_ += "{";
  lua_getglobal(raw, "pairs");
  lua_pushvalue(raw, index);
  lua_call(raw, 1, 3);  // the iterator, its state, the key
  for (int count = 0;; count++) {
    lua_pushvalue(raw, -3);
    lua_pushvalue(raw, -3);
    lua_pushvalue(raw, -3);
    lua_remove(raw, -4);
    lua_call(raw, 2, 2);
    if (lua_isnil(raw, -2) || count == most_members) {
      answer_.append(lua_isnil(raw, -2) ? "" : ", ...");
      break;
    }
    answer_.append(count > 0 ? ", " : "");
    luaL_tolstring(raw, -2, nullptr);
    answer_.append(printable(lua_tostring(raw, -1), longest_text)).append(" = ");
    lua_pop(raw, 1);
    show(raw, lua_gettop(raw), depth - 1);
    lua_pop(raw, 1);
  }
  lua_pop(raw, 4);
  answer_ += "}";
}

}  // namespace stook
