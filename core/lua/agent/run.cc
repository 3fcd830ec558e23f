// SPDX-License-Identifier: Apache-2.0
#include "core/lua/agent/run.hh"

#include <algorithm>
#include <utility>

#include "core/lua/manifest.hh"
#include "core/lua/stops.hh"

namespace stook {

void ScriptTask::on_time() {
  is_late = true;
  run->run_task(*this);
}
void ScriptTask::on_fd() {
  is_late = false;
  run->run_task(*this);
}

SourceRun::SourceRun(Feed& feed, std::unique_ptr<LuaState> state, const std::vector<Key>& keys, Tokens& tokens,
                     ScriptOwner& owner, std::unique_ptr<WrittenText> text)
    : feed_(feed),
      state_(std::move(state)),
      tokens_(tokens),
      rows_(feed, keys, tokens),
      owner_(owner),
      text_(std::move(text)) {
  state_->source = this;
}

// RAISES.
int SourceRun::start_protected(lua_State* raw) {
  SourceRun& run = *static_cast<SourceRun*>(lua_touserdata(raw, 1));
  run.rows_.open(raw);
  lua_getfield(raw, LUA_REGISTRYINDEX, "stook.begin");
  lua_getfield(raw, LUA_REGISTRYINDEX, Script::function_key);
  const std::string& token = run.tokens_.newest();
  if (token.empty()) {
    lua_pushnil(raw);
  } else {
    lua_getfield(raw, LUA_REGISTRYINDEX, "stook.decode");
    lua_pushlstring(raw, token.data(), token.size());
    lua_call(raw, 1, 1);
  }
  run.spawn(raw, lua_gettop(raw) - 2);
  return 0;
}

void SourceRun::start() {
  state_->watch().enter();
  bool went_well = state_->call(start_protected, this);
  if (!went_well) {
    state_->watch().recover();
  }
  state_->watch().leave();
  if (!went_well) {
    fail();
  }
}

// RAISES, before anything is made.
void SourceRun::spawn(lua_State* raw, int index) {
  if (tasks_.size() >= most_tasks) {
    luaL_error(raw, "spawn: 1000 tasks run already; each ends when its function returns");
  }
  int count = lua_gettop(raw) - index + 1;
  lua_State* thread = lua_newthread(raw);
  lua_insert(raw, index);
  if (lua_checkstack(thread, count) == 0) {
    luaL_error(raw, "spawn: too many arguments");
  }
  lua_xmove(raw, thread, count);
  int anchor = luaL_ref(raw, LUA_REGISTRYINDEX);
  add_task(thread, anchor, count - 1);
}

ScriptTask& SourceRun::add_task(lua_State* thread, int anchor, int arguments) {
  tasks_.push_back(std::make_unique<ScriptTask>());
  ScriptTask& task = *tasks_.back();
  task.run = this;
  task.thread = thread;
  task.anchor = anchor;
  task.arguments = arguments;
  arm();
  return task;
}

// Runs the task until it waits or ends. RAISES what it raised.
int SourceRun::resume_protected(lua_State* raw) {
  ScriptTask& task = *static_cast<ScriptTask*>(lua_touserdata(raw, 1));
  LuaState& state = LuaState::of(raw);
  int results = 0;
  lua_State* before = state.watch().run_in(task.thread);
  int status = lua_resume(task.thread, raw, std::exchange(task.arguments, 0), &results);
  state.watch().run_in(before);
  if (status != LUA_OK && status != LUA_YIELD) {
    const char* text =
        lua_type(task.thread, -1) == LUA_TSTRING ? lua_tostring(task.thread, -1) : "an error that is no text";
    stop_script(state, raw, task.thread, text);
    lua_xmove(task.thread, raw, 1);
    return lua_error(raw);
  }
  state.check_budget(raw);
  if (status == LUA_YIELD) {
    lua_pop(task.thread, results);
    return 0;
  }
  task.has_ended = true;
  luaL_unref(raw, LUA_REGISTRYINDEX, task.anchor);
  return 0;
}

void SourceRun::run_task(ScriptTask& task) {
  task.timer.stop();
  task.io.stop();
  task.fd = -1;
  task.wait = ScriptTask::Wait::Turn;  // also when the script yields by itself
  task_ = &task;
  rows_in_turn_ = 0;
  Watched& watch = state_->watch();
  watch.enter();
  bool went_well = state_->call(resume_protected, &task);
  if (!went_well) {
    watch.recover();
  }
  watch.leave();
  task_ = nullptr;
  feed_.seal();
  if (!went_well) {
    fail();
    return;
  }
  ended_.clear();
  if (task.has_ended) {
    auto found = std::find_if(tasks_.begin(), tasks_.end(), [&](auto& one) { return one.get() == &task; });
    ended_.push_back(std::move(*found));
    tasks_.erase(found);
  }
  arm();
  owner_.script_waits();
  if (!ended_.empty() && ended_.back()->is_last) {
    end_now();
  } else if (tasks_.empty()) {
    owner_.script_ended();
  }
}

void SourceRun::on_turn() {
  for (size_t i = 0; i < tasks_.size(); i++) {
    ScriptTask& task = *tasks_[i];
    if (is_ready(task)) {
      run_task(task);
    }
  }
  arm();
}

bool SourceRun::is_ready(const ScriptTask& task) const {
  using Wait = ScriptTask::Wait;
  return task.wait == Wait::Turn || (task.wait == Wait::Rows && !is_paused_) ||
         (task.wait == Wait::Word && told_.has_any());
}

// Turns are taken while a task is ready to go on.
void SourceRun::arm() {
  bool is_wanted = std::any_of(tasks_.begin(), tasks_.end(), [&](auto& task) { return is_ready(*task); });
  if (!is_wanted) {
    turn_watch_.stop();
  } else if (!turn_watch_.is_active()) {
    turn_watch_.on_idle<&SourceRun::on_turn>(feed_.loop(), this);
  }
}

void SourceRun::fail() {
  std::string message = state_->error();
  int64_t line = state_->take_line(message);
  halt();
  owner_.script_failed(message, line);
}

void SourceRun::pause() {
  is_paused_ = true;
  tell(Told::Word::Pause);
}

void SourceRun::resume() {
  is_paused_ = false;
  tell(Told::Word::Resume);
}

void SourceRun::acknowledged() {
  if (told_.is_listening && !tokens_.final_one().empty()) {
    tell(Told::Word::Commit, tokens_.final_one());
  }
}

void SourceRun::tell(Told::Word word, std::string_view token) {
  told_.tell(word, token);
  if (task_ == nullptr) {
    arm();
  }
}

void SourceRun::listen() {
  if (!told_.is_listening) {
    told_.is_listening = true;
    owner_.script_listens();
  }
}

}  // namespace stook
