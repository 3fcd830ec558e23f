// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. `file_match` of the agent, a pattern of Lua, as a pattern of file names.
#pragma once

#include <string>
#include <string_view>

namespace stook {

/// The glob pattern that matches the same names; false, and a sentence: there is none.
[[nodiscard]] bool glob_of_match(std::string_view match, std::string& glob, std::string& why);

}  // namespace stook
