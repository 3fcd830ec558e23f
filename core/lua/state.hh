// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. One Lua state: its memory, its libraries, its watch, and the one way to call into it.
#pragma once

#include <cstdint>
#include <lua.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/log.hh"
#include "core/lua/heap.hh"
#include "core/lua/limits.hh"
#include "core/lua/usage.hh"
#include "core/lua/watchdog.hh"

namespace stook {

class Driver;
class RecordView;
class SourceRun;

/// A script's whole world. One per replica: memory, errors and budget are its own.
/// *Invariants:* nothing that may raise a Lua error runs outside `call`. *Rooms:* that of its replica.
///
/// Functions marked RAISES leave by longjmp when Lua raises an error: they hold nothing with a destructor.
class LuaState {
 public:
  /// `instance` and `script` are for messages. Throws std::bad_alloc.
  LuaState(const LuaLimits& limits, std::string_view instance, std::string_view script);
  ~LuaState();
  LuaState(const LuaState&) = delete;
  LuaState& operator=(const LuaState&) = delete;

  /// The state that a lua_State or one of its coroutines belongs to.
  static LuaState& of(lua_State* raw) { return **static_cast<LuaState**>(lua_getextraspace(raw)); }
  lua_State* raw() const { return raw_; }

  /// Calls `function(argument)` protected; false: it raised, and error() has the text.
  [[nodiscard]] bool call(lua_CFunction function, void* argument);
  /// Compiles and runs the text of a script. Its first result goes to the registry under `result_key`.
  [[nodiscard]] bool run_chunk(const std::string& text);
  /// The registry keys of what the script gave back, and of its set-up's result.
  static constexpr const char* result_key = "stook.result";
  /// What stands for the first result of a script that returns nothing.
  static constexpr const char* otherwise_key = "stook.otherwise";

  /// The last error's text, at most 512 bytes, never of an object's own making.
  const std::string& error() const { return error_; }
  /// Takes `label.lua:7: ` off the error's text and gives the line, 0 when there is none.
  int64_t take_line(std::string& text) const;

  const std::string& instance() const { return instance_; }
  const std::string& script() const { return script_; }
  Watched& watch() { return watch_; }
  const LuaHeap& heap() const { return heap_; }
  LuaHeap& heap() { return heap_; }

  /// For loops in C: raises once the budget is spent. RAISES.
  void check_budget(lua_State* raw);

  /// Where the script's file lies: what it opens is looked for there.
  std::string folder = ".";
  /// Room for objects that are being written; kept, so that it grows once.
  std::vector<char> bytes;
  /// The msgpack of an object whose cell holds JSON text; kept, too.
  std::string object;
  /// How many bytes the script may still write into the bundle at hand.
  size_t may_store = 0;
  /// Null in objects is not shown, and stays.
  bool hides_null = false;
  /// Who calls the script; null while it is set up.
  Driver* driver = nullptr;
  /// What looks at its rows; null while there is none.
  RecordView* view = nullptr;
  /// Whose tasks it runs; null: it is no source's, or not running yet.
  SourceRun* source = nullptr;
  /// What scripts say by print and stook.log.
  LogLimit speech{60};

 private:
  void keep_error();

  LuaHeap heap_;
  lua_State* raw_;
  Watched watch_;
  std::string instance_;
  std::string script_;
  std::string error_;
  LuaUsage usage_;
};

}  // namespace stook
