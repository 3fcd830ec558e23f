// SPDX-License-Identifier: Apache-2.0
#include "core/lua/record.hh"

#include <stdexcept>
#include <utility>

#include "core/lua/manifest.hh"
#include "core/lua/state.hh"

namespace stook {

RecordDriver::RecordDriver(std::unique_ptr<LuaState> state) : Driver(std::move(state), loop) {
  if (!state_->call(RecordView::make, &view_)) {
    throw std::invalid_argument(state_->script() + ": " + state_->error());
  }
}

// Everything below RAISES.

bool RecordDriver::is_view(lua_State* raw, int index, Row& row) const {
  row = view_.row();
  return RecordView::is_view(raw, index) && has_row();
}

int RecordDriver::loop(lua_State* raw) {
  RecordDriver& self = *static_cast<RecordDriver*>(lua_touserdata(raw, 1));
  lua_getfield(raw, LUA_REGISTRYINDEX, Script::function_key);
  RecordView::push(raw);
  Watched& watch = self.state_->watch();
  self.view_.open();
  for (; self.has_row(); self.next_row()) {
    self.view_.look_at(self.row());
    self.view_.forget_changes();
    watch.next_row();
    lua_pushvalue(raw, 2);
    lua_pushvalue(raw, 3);
    lua_call(raw, 1, 1);
    if (lua_isboolean(raw, -1) && lua_toboolean(raw, -1) == 0) {
      self.drop();
    }
    lua_settop(raw, 3);
  }
  return 0;
}

}  // namespace stook
