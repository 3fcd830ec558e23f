// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What the process of an isolated script has to know. Room: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/log.hh"
#include "core/lua/agent/library.hh"
#include "core/lua/limits.hh"

namespace stook {

struct ScriptBrief {
  std::string instance;
  /// The script's file, for its name and its folder, and its text: that which was found right.
  std::string path;
  std::string text;
  /// `name=value` for its options.
  std::vector<std::string> settings;
  LuaLimits limits;
  SourceWorld world;
  /// What it goes on with; empty: none.
  std::string token;
  /// Of the daemon's log.
  Level level = Level::Notice;
};

/// The level from which on events are logged.
Level least_level();
std::string write_brief(const ScriptBrief& brief);
/// False: the bytes are none.
[[nodiscard]] bool read_brief(std::string_view bytes, ScriptBrief& brief);

}  // namespace stook
