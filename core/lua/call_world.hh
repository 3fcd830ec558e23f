// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What a script written for fluent-bit finds beside stook's own.
#pragma once

#include <lua.hpp>
#include <string>
#include <utility>
#include <vector>

namespace stook {

/// Variables of the environment that a script may see, and their values.
using CallVariables = std::vector<std::pair<std::string, std::string>>;

/// Puts it into the globals; the argument is a const CallVariables. RAISES.
int open_call_world(lua_State* raw);

}  // namespace stook
