// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. A regular expression as a script has it: matched under the script's budget and memory.
#pragma once

#include <lua.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "core/api/regex.hh"
#include "core/lua/library/desk.hh"

namespace stook {

class LuaState;

/// PCRE2's limit of steps holds for each place at which a match may begin, and does not count what a repeated character
/// steps over: the time of a match is bounded by the text's length to the third. So short texts are matched without
/// being watched, within few steps; longer ones, and those which take more, by a second form of the expression, which asks
/// the budget all the while and is made when it is first needed.
struct LuaRegex {
  static constexpr size_t short_text = 1024;
  static constexpr uint32_t few_steps = 1000;
  static constexpr size_t longest_pattern = 16 * 1024;

  /// Throws std::invalid_argument.
  void compile(std::string_view text);
  /// Searches the text; true: `group` gives the bytes. RAISES when the budget or the limit of steps is spent.
  bool match(lua_State* raw, std::string_view text, size_t from, const char* function);
  /// Of the last match. False: the group took no part.
  [[nodiscard]] bool group(std::string_view text, int number, std::string_view& bytes) const {
    return last->find_group(text, number, bytes);
  }
  /// Bytes outside Lua's heap, without the watched form.
  size_t memory() const { return quick_form->memory() + matcher_memory; }

  std::string pattern;
  std::unique_ptr<Regex> quick_form;
  std::unique_ptr<Matcher> quick;
  std::unique_ptr<Regex> watched_form;
  std::unique_ptr<Matcher> watched;
  const Matcher* last = nullptr;
  size_t charged = 0;
  uint32_t asked = 0;
  LuaState* state = nullptr;  // that Lua's, once there is a watched form
  /// What a Matcher takes beside the expression: stack for the JIT, places of groups.
  static constexpr size_t matcher_memory = 48 * 1024;

 private:
  static bool is_spent(void* self);
  void watch(lua_State* raw, const char* function);
};

/// Pushes the group as a text, or nil. RAISES.
void push_group(lua_State* raw, const LuaRegex& regex, std::string_view text, int number);
/// Charges what a new expression takes. RAISES.
void charge_regex(lua_State* raw, LuaRegex& regex);

}  // namespace stook
