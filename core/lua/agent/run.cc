// SPDX-License-Identifier: Apache-2.0
#include "core/lua/agent/run.hh"

#include <algorithm>
#include <utility>

#include "core/lua/manifest.hh"

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
                     ScriptOwner& owner)
    : feed_(feed), state_(std::move(state)), tokens_(tokens), rows_(feed, keys, tokens), owner_(owner) {
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
  if (tasks_.empty()) {
    owner_.script_ended();
  }
}

void SourceRun::on_turn() {
  for (size_t i = 0; i < tasks_.size(); i++) {
    ScriptTask& task = *tasks_[i];
    bool is_ready = task.wait == ScriptTask::Wait::Turn || (task.wait == ScriptTask::Wait::Rows && !is_paused_);
    if (is_ready) {
      run_task(task);
    }
  }
  arm();
}

// Turns are taken while a task is ready to go on.
void SourceRun::arm() {
  bool is_wanted = std::any_of(tasks_.begin(), tasks_.end(), [&](auto& task) {
    return task->wait == ScriptTask::Wait::Turn || (task->wait == ScriptTask::Wait::Rows && !is_paused_);
  });
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
  if (task_ == nullptr) {
    arm();
  }
}

void SourceRun::resume() {
  is_paused_ = false;
  arm();
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
  for (auto& task : tasks_) {
    task->timer.stop();
    task->io.stop();
    ended_.push_back(std::move(task));
  }
  tasks_.clear();
  state_.reset();
}

SourceRun& SourceRun::of(lua_State* raw, const char* function) {
  SourceRun* run = LuaState::of(raw).source;
  if (run == nullptr) {
    luaL_error(raw, "%s: the source does not run yet; call it in run(token), or in what that calls", function);
  }
  return *run;
}

ScriptTask& SourceRun::caller(lua_State* raw, const char* function) {
  if (!may_wait(raw)) {
    luaL_error(raw,
               "%s: it cannot wait here; call it in run(token) or in a function given to spawn, not in a coroutine "
               "of the script's own, in stop, in xpcall or in table.sort",
               function);
  }
  return *task_;
}

int SourceRun::wait_turn(lua_State* raw, const char* function, lua_KFunction next, lua_KContext context) {
  caller(raw, function).wait = ScriptTask::Wait::Turn;
  return lua_yieldk(raw, 0, context, next);
}

int SourceRun::give_turn(lua_State* raw, const char* function, uint32_t rows) {
  if (!is_turn_over(rows) || !may_wait(raw)) {
    return 1;
  }
  return wait_turn(raw, function, [](lua_State*, int, lua_KContext) { return 1; });
}

int SourceRun::wait_rows(lua_State* raw, const char* function, lua_KFunction next, lua_KContext context) {
  caller(raw, function).wait = ScriptTask::Wait::Rows;
  return lua_yieldk(raw, 0, context, next);
}

int SourceRun::wait_time(lua_State* raw, const char* function, int64_t ns, lua_KFunction next, lua_KContext context) {
  ScriptTask& task = caller(raw, function);
  task.wait = ScriptTask::Wait::Event;
  task.timer.on_time<&ScriptTask::on_time>(feed_.loop(), &task, ns);
  return lua_yieldk(raw, 0, context, next);
}

int SourceRun::wait_fd(lua_State* raw, const char* function, int fd, bool is_write, int64_t most, lua_KFunction next,
                       lua_KContext context) {
  ScriptTask& task = caller(raw, function);
  task.wait = ScriptTask::Wait::Event;
  task.fd = fd;
  task.is_late = false;
  if (is_write) {
    task.io.on_writable<&ScriptTask::on_fd>(feed_.loop(), &task, fd);
  } else {
    task.io.on_readable<&ScriptTask::on_fd>(feed_.loop(), &task, fd);
  }
  if (most >= 0) {
    task.timer.on_time<&ScriptTask::on_time>(feed_.loop(), &task, most);
  }
  return lua_yieldk(raw, 0, context, next);
}

void SourceRun::wake_waiters(int fd) {
  for (auto& task : tasks_) {
    if (task->fd == fd && task->wait == ScriptTask::Wait::Event) {
      task->io.stop();
      task->timer.stop();
      task->fd = -1;
      task->wait = ScriptTask::Wait::Turn;
      arm();
    }
  }
}

}  // namespace stook
