// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Places at which a script stands still for somebody to look: stook.stop() and debug.debug(), and where it raises. That
/// is so in `stook run --debug`; elsewhere nobody asks, and a stop is nothing. Room: that of the script.
#pragma once

#include <lua.hpp>
#include <string>
#include <string_view>

namespace stook {

class LuaState;

/// A script that stands still, and one of its calls that is looked at.
/// *Invariants:* no function of it raises or throws; what is wrong is in the text that it gives.
class StoppedScript {
 public:
  /// `runner`: where Lua may run meanwhile. `where`: the coroutine that stands still, which may be dead by its error.
  StoppedScript(LuaState& state, lua_State* runner, lua_State* where, std::string_view why);

  const std::string& why() const { return why_; }
  /// `label.lua:3` of the call that is looked at, and the text of that line, as far as they are known.
  std::string place() const;
  std::string line() const;
  /// One line for each call, the innermost first; an arrow stands before the one that is looked at.
  std::string calls() const;
  /// Looks at a call that is so many further out, or in when it is less than 0; false: there is none.
  [[nodiscard]] bool move(int by);
  /// `name = value` of all local variables and of those around the function, one a line.
  std::string variables();
  /// What an expression gives, or a statement does, with the variables of the call, which it may change.
  std::string evaluate(const std::string& text);

 private:
  static int list_protected(lua_State* raw);
  static int evaluate_protected(lua_State* raw);
  static int get_variable(lua_State* raw);
  static int set_variable(lua_State* raw);
  bool is_lua(int level) const;
  std::string run(lua_CFunction function);
  const char* push_local(lua_State* raw, int number);
  void push_function(lua_State* raw);
  int find_local(lua_State* raw, const char* name);
  void show(lua_State* raw, int index, int depth);

  LuaState& state_;
  lua_State* runner_;
  lua_State* where_;
  std::string why_;
  int level_ = 0;
  lua_Debug frame_{};
  bool has_frame_ = false;
  std::string expression_;
  std::string answer_;
};

/// Who looks. One for the process, set before any script runs.
class ScriptStops {
 public:
  virtual ~ScriptStops() = default;
  /// The script stands still until this returns; its budget begins anew then. On the script's thread.
  virtual void stopped(StoppedScript& script) = 0;

  static ScriptStops* listener();
  /// Not while scripts run.
  static void listen(ScriptStops* listener);
};

/// Has the script stand still, if somebody listens. RAISES nothing.
void stop_script(LuaState& state, lua_State* runner, lua_State* where, std::string_view why);
/// For lua_pcall: stands still where the error was raised, and gives it back.
int stop_at_error(lua_State* raw);
/// stook.stop(), with the table stook on top. RAISES.
void open_stop(lua_State* raw);
/// Gives scripts a `debug` with this one function, for who listens; and takes the place of Lua's own, which reads from the standard
/// input of the process, in a `debug` that is there. RAISES.
void open_debug_stop(lua_State* raw);

}  // namespace stook
