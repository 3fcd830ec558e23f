// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Which keys a script in the record form reads: a look at its text, for `stook check`. No Lua is run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/plan/plan.hh"

namespace stook {

/// `rec.KEY` or `rec["KEY"]` within `filter`, whatever its parameter is called.
struct KeyAccess {
  std::string key;
  size_t offset = 0;  // of the key in the text
  bool is_write = false;
};

/// All of them, in order. None where the text does not tell: the parameter is declared again, or is given another value.
std::vector<KeyAccess> key_accesses(std::string_view script);

/// Keys that a script reads, that it does not write itself, and that no element before it writes; of scripts before which
/// all keys are known. They are no errors: a script may ask for what is not there.
std::vector<ConfigError> find_unwritten_keys(const Plan& plan, const std::string& config_file);

}  // namespace stook
