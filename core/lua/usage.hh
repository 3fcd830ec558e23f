// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What Lua states use: memory, time, errors. Counted by each state, summed for whoever reports.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/meter.hh"

namespace stook {

/// Of one state. One writer: its room. It is known to `lua_uses` as long as it lives, and what it counted stays.
class LuaUsage {
 public:
  LuaUsage(std::string_view instance, uint64_t memory_most);
  ~LuaUsage();
  LuaUsage(const LuaUsage&) = delete;
  LuaUsage& operator=(const LuaUsage&) = delete;

  const std::string instance;
  const uint64_t memory_most;
  Gauge memory;
  Counter ns;
  Counter errors;
  Counter kills;
};

/// All states of one instance together; errors, kills and time with those of states that are gone.
struct LuaUse {
  std::string instance;
  uint64_t states = 0;
  uint64_t memory = 0;
  uint64_t memory_most = 0;
  uint64_t ns = 0;
  uint64_t errors = 0;
  uint64_t kills = 0;
};

/// By instance. Any thread.
std::vector<LuaUse> lua_uses();

}  // namespace stook
