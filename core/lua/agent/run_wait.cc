// SPDX-License-Identifier: Apache-2.0
/// How a task of a source's script waits. All functions RAISE, but for wake_waiters.
#include "core/lua/agent/run.hh"

namespace stook {

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

int SourceRun::wait_word(lua_State* raw, const char* function, int64_t most, lua_KFunction next) {
  ScriptTask& task = caller(raw, function);
  task.wait = ScriptTask::Wait::Word;
  task.is_late = false;
  if (most >= 0) {
    task.timer.on_time<&ScriptTask::on_time>(feed_.loop(), &task, most);
  }
  return lua_yieldk(raw, 0, 0, next);
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
