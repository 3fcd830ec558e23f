// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The script of a codec: `encode(rec)` gives the bytes of a row.
#pragma once

#include <lua.hpp>
#include <memory>

#include "core/base/room.hh"
#include "core/data/batch.hh"
#include "core/data/payload.hh"
#include "core/lua/record_view.hh"
#include "core/lua/state.hh"

namespace stook {

/// One replica. A row whose call raises, or gives back no text, has failed; the next row goes on.
/// *Rooms:* its worker.
class ScriptEncoder {
 public:
  /// `state`: of Script::start. Throws std::invalid_argument.
  explicit ScriptEncoder(std::unique_ptr<LuaState> state);

  /// Appends the bytes of each selected row, as the script gives them.
  void encode(Batch& batch, Payload& payload) ROOM(worker);

 private:
  static int loop(lua_State* raw);

  std::unique_ptr<LuaState> state_;
  RecordView view_;
  Batch* batch_ = nullptr;
  Payload* payload_ = nullptr;
  size_t at_ = 0;
  LogLimit limit_;
};

}  // namespace stook
