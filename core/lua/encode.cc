// SPDX-License-Identifier: Apache-2.0
#include "core/lua/encode.hh"

#include <stdexcept>
#include <string>
#include <utility>

#include "core/lua/manifest.hh"

namespace stook {

ScriptEncoder::ScriptEncoder(std::unique_ptr<LuaState> state) : state_(std::move(state)) {
  if (!state_->call(RecordView::make, &view_)) {
    throw std::invalid_argument(state_->script() + ": " + state_->error());
  }
}

// RAISES. What the script writes into a record is taken back, as others have the row, too.
int ScriptEncoder::loop(lua_State* raw) {
  ScriptEncoder& self = *static_cast<ScriptEncoder*>(lua_touserdata(raw, 1));
  lua_getfield(raw, LUA_REGISTRYINDEX, Script::function_key);
  RecordView::push(raw);
  for (; self.at_ < self.batch_->rows().size(); self.at_++) {
    self.view_.open();
    self.view_.look_at(self.batch_->rows()[self.at_]);
    self.view_.forget_changes();
    self.state_->watch().next_row();
    lua_pushvalue(raw, 2);
    lua_pushvalue(raw, 3);
    lua_call(raw, 1, 1);
    if (lua_type(raw, -1) != LUA_TSTRING) {
      luaL_error(raw, "encode returns a %s; it would return the row's bytes", luaL_typename(raw, -1));
    }
    size_t size = 0;
    const char* bytes = lua_tolstring(raw, -1, &size);
    self.view_.undo();
    self.payload_->append(std::string_view(bytes, size));
    self.payload_->end_row();
    lua_settop(raw, 3);
  }
  return 0;
}

void ScriptEncoder::encode(Batch& batch, Payload& payload) {
  batch_ = &batch;
  payload_ = &payload;
  at_ = 0;
  state_->may_store = state_->heap().limit();
  view_.begin(batch);
  Watched& watch = state_->watch();
  watch.enter();
  while (at_ < batch.rows().size() && !state_->call(loop, this)) {
    view_.undo();
    batch.fault(batch.rows()[at_++]);
    if (auto pass = limit_.pass()) {
      std::string message = state_->error();
      int64_t line = state_->take_line(message);
      log_event(Level::Warning, "script_error",
                Fields()("instance", state_->instance())("script", state_->script())("line", line)("message", message)(
                    "suppressed", pass.suppressed));
    }
    watch.recover();
  }
  watch.leave();
  view_.close();
}

}  // namespace stook
