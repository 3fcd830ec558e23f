// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The script of a sink: `deliver(bytes, rows)` answers what became of them. Room: its carrier, where it may
/// block.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/room.hh"
#include "core/base/status.hh"
#include "core/lua/manifest.hh"
#include "core/lua/state.hh"

namespace stook {

/// The script of a sink, which may be anything that a program may: it has io and, with `paths`, require.
ScriptLibrary sink_library(const std::string& paths);
/// The script of a codec.
ScriptLibrary codec_library();

/// What a script answered. What raises, runs beyond its budget or gives back something else is Again.
struct ScriptAnswer {
  Outcome outcome = Outcome::Again;
  std::string reason;
  int64_t retry_after = 0;
};

/// *Rooms:* its carrier.
class ScriptDelivery {
 public:
  /// `state`: of Script::start.
  explicit ScriptDelivery(std::unique_ptr<LuaState> state) : state_(std::move(state)) {}

  ScriptAnswer deliver(std::string_view bytes, size_t rows) ROOM(carrier);
  /// Calls the script's stop, if it has one.
  void stop() ROOM(carrier);

 private:
  struct Offer {
    std::string_view bytes;
    size_t rows;
    ScriptAnswer* answer;
  };
  static int deliver_protected(lua_State* raw);
  static int stop_protected(lua_State* raw);

  std::unique_ptr<LuaState> state_;
};

}  // namespace stook
