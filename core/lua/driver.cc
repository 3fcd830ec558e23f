// SPDX-License-Identifier: Apache-2.0
#include "core/lua/driver.hh"

#include <cstring>
#include <string>

#include "core/base/text.hh"
#include "core/lua/manifest.hh"
#include "core/lua/positional.hh"
#include "core/lua/record.hh"
#include "core/lua/state.hh"

namespace stook {

std::unique_ptr<Driver> Driver::make(const Script& script, const LuaLimits& limits, std::string_view instance) {
  std::unique_ptr<LuaState> state = script.start(limits, instance);
  if (script.manifest().form == Form::Record) {
    return std::make_unique<RecordDriver>(std::move(state));
  }
  return std::make_unique<PositionalDriver>(std::move(state), script.manifest());
}

Driver::Driver(std::unique_ptr<LuaState> state, Loop loop) : state_(std::move(state)), loop_(loop) {}
Driver::~Driver() = default;

void Driver::run(Batch& batch) {
  if (batch.rows().is_empty()) {
    return;
  }
  batch_ = &batch;
  at_ = 0;
  drops_ = false;
  std::memset(is_dropped_, 0, sizeof is_dropped_);
  state_->may_store = state_->heap().limit();
  begin();
  Watched& watch = state_->watch();
  watch.enter();
  while (has_row() && !state_->call(loop_, this)) {
    if (!has_row()) {
      break;
    }
    undo();
    tell();
    watch.recover();
    batch.fault(row());
    at_++;
  }
  watch.leave();
  end();
  batch_ = nullptr;
  if (drops_) {
    batch.keep_if([this](Row row) { return (is_dropped_[row >> 6] >> (row & 63) & 1) == 0; });
  }
}

// COLD: a row failed. At most 10 lines a minute, the rest is counted.
void Driver::tell() {
  bool is_killed = state_->watch().is_over();
  if (auto pass = limit_.pass()) {
    std::string message = state_->error();
    int64_t line = state_->take_line(message);
    Fields fields;
    fields("instance", state_->instance())("script", state_->script())("line", line);
    fields("row", uint64_t{row()})("rows", uint64_t{batch_->bundle().rows()})("message", message);
    if (pass.suppressed > 0) {
      fields("suppressed", pass.suppressed);
    }
    log_event(Level::Warning, is_killed ? "script_killed" : "script_error", fields);
  }
}

}  // namespace stook
