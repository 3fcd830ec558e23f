// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. `[global]`: the options of the whole process.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan/draft.hh"

namespace stook {

/// The rows of `[global]`, `stack` and `include` among them.
std::span<const Option> global_options();

/// A level by its name, or by ulogd's number: 1 debug, 3 info, 5 notice, 7 error, 8 fatal. False when it is none.
[[nodiscard]] bool find_level(std::string_view text, Level& level);

/// Fills draft.settings from `[global]`.
void read_settings(Draft& draft);

/// The `stack` options of `[global]`, or the one stack of the command line when it is not empty.
std::vector<Pair> stack_pairs(const Draft& draft, const std::string& inline_stack);

}  // namespace stook
