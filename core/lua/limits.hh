// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What a script may use up.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stook {

struct LuaLimits {
  size_t memory = size_t{32} << 20;
  int64_t budget = 200'000'000;  // ns of CPU for each call
};

}  // namespace stook
