// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Matching under the budget. Functions with a lua_State RAISE, but for `is_spent`.
#include <stdexcept>

#include "core/lua/library/regex.hh"
#include "core/lua/state.hh"

namespace stook {

// Asked for each item of an expression: some ns, so that the clock is looked at each thousandth time.
bool LuaRegex::is_spent(void* about) {
  LuaRegex& self = *static_cast<LuaRegex*>(about);
  return (++self.asked & 0x3ff) == 0 && self.state->watch().is_over();
}

void LuaRegex::compile(std::string_view text) {
  if (text.size() > longest_pattern) {
    throw std::invalid_argument("not a regular expression: longer than 16 KiB");
  }
  pattern = text;
  quick_form = std::make_unique<Regex>(text);
  quick = std::make_unique<Matcher>(*quick_form, MatchLimits{few_steps, few_steps});
}

// COLD: makes the watched form.
void LuaRegex::watch(lua_State* raw, const char* function) {
  size_t more = 4 * quick_form->memory() + matcher_memory;  // before it is made: what raises here leaves nothing behind
  charge(raw, more);
  charged += more;
  Desk& desk = Desk::of(raw);
  state = &LuaState::of(raw);
  if (!desk.attempt([&] {
        watched_form = std::make_unique<Regex>(pattern, true);
        watched = std::make_unique<Matcher>(*watched_form);
        watched->watch(is_spent, this);  // Lua holds this object, which never moves
        return true;
      })) {
    watched = nullptr;
    refuse(raw, function, "%s", desk.reason.c_str());
  }
}

bool LuaRegex::match(lua_State* raw, std::string_view text, size_t from, const char* function) {
  LuaState::of(raw).check_budget(raw);
  if (text.size() <= short_text) {
    Matched found = quick->match(text, from);
    if (found != Matched::Limit) {
      last = quick.get();
      return found == Matched::Yes;
    }
  }
  if (watched == nullptr) {
    watch(raw, function);
  }
  Matched found = watched->match(text, from);
  state->check_budget(raw);
  if (found == Matched::Limit) {
    refuse(raw, function,
           "the text takes more steps than a match may; a pattern that can match in fewer ways would do");
  }
  last = watched.get();
  return found == Matched::Yes;
}

void push_group(lua_State* raw, const LuaRegex& regex, std::string_view text, int number) {
  std::string_view bytes;
  if (regex.group(text, number, bytes)) {
    push_text(raw, bytes);
  } else {
    lua_pushnil(raw);
  }
}

void charge_regex(lua_State* raw, LuaRegex& regex) {
  size_t size = regex.memory();
  charge(raw, size);
  regex.charged += size;
}

}  // namespace stook
