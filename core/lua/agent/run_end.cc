// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. How the script of a source ends.
#include <utility>

#include "core/lua/agent/run.hh"
#include "core/lua/manifest.hh"

namespace stook {

namespace {
constexpr int64_t second = 1'000'000'000;
}  // namespace

// RAISES.
int SourceRun::finish_protected(lua_State* raw) {
  SourceRun& run = *static_cast<SourceRun*>(lua_touserdata(raw, 1));
  if (lua_getfield(raw, LUA_REGISTRYINDEX, Script::finish_key) == LUA_TFUNCTION) {
    run.spawn(raw, lua_gettop(raw));
    run.tasks_.back()->is_last = true;
  }
  return 0;
}

bool SourceRun::end() {
  if (end_watch_.is_active()) {
    return true;
  }
  if (state_ == nullptr || tasks_.empty()) {
    return false;
  }
  state_->watch().enter();
  bool went_well = state_->call(finish_protected, this);
  if (!went_well) {
    state_->watch().recover();
  }
  state_->watch().leave();
  if (!went_well || !tasks_.back()->is_last) {
    return false;
  }
  end_watch_.on_time<&SourceRun::end_now>(feed_.loop(), this, second);
  return true;
}

void SourceRun::end_now() {
  stop();
  owner_.script_ended();
}

// RAISES.
int SourceRun::stop_protected(lua_State* raw) {
  if (lua_getfield(raw, LUA_REGISTRYINDEX, Script::stop_key) == LUA_TFUNCTION) {
    lua_call(raw, 0, 0);
  }
  return 0;
}

void SourceRun::stop() {
  if (state_ == nullptr) {
    return;
  }
  state_->watch().enter();
  bool went_well = state_->call(stop_protected, nullptr);
  if (!went_well) {
    state_->watch().recover();
  }
  state_->watch().leave();
  if (!went_well) {
    fail();
  }
  halt();
}

void SourceRun::halt() {
  turn_watch_.stop();
  end_watch_.stop();
  for (auto& task : tasks_) {
    task->timer.stop();
    task->io.stop();
    ended_.push_back(std::move(task));
  }
  tasks_.clear();
  if (state_) {
    text_->end();
  }
  state_.reset();
}

}  // namespace stook
