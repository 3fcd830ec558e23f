// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. One life of a source's script: its state, and its tasks on the front's loop. Room: the source's front.
#pragma once

#include <cstdint>
#include <lua.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/source.hh"
#include "core/lua/agent/rows.hh"
#include "core/lua/agent/told.hh"
#include "core/lua/agent/written.hh"
#include "core/lua/state.hh"

namespace stook {

class SourceRun;

/// Who is told that a script is over. From within a callback of the loop.
class ScriptOwner {
 public:
  virtual ~ScriptOwner() = default;
  /// It raised, or was ended beyond its budget.
  virtual void script_failed(const std::string& message, int64_t line) ROOM(front) = 0;
  /// Its run has returned, and no task of it is left.
  virtual void script_ended() ROOM(front) = 0;
  /// A task waits or has ended; it may have committed.
  virtual void script_waits() ROOM(front) = 0;
  /// It reads what it is told, for the first time.
  virtual void script_listens() ROOM(front) {}
};

/// One life of a script, wherever it runs. *Rooms:* its source's front.
class ScriptLife {
 public:
  virtual ~ScriptLife() = default;
  virtual void start() ROOM(front) = 0;
  virtual void pause() ROOM(front) = 0;
  virtual void resume() ROOM(front) = 0;
  /// Asks it to end; false: it ends only by `stop`. True: its owner is told.
  virtual bool end() ROOM(front) { return false; }
  virtual void stop() ROOM(front) = 0;
  /// Rows are delivered; a token may have become final.
  virtual void acknowledged() ROOM(front) {}
};

/// A coroutine of the script, and what it waits for. Turn: nothing, it goes on in the loop's next turn. Rows: room for
/// rows. Word: that it is told something. Event: one of its watchers.
struct ScriptTask {
  enum class Wait : uint8_t { Turn, Rows, Word, Event };
  void on_time() ROOM(front);
  void on_fd() ROOM(front);

  SourceRun* run = nullptr;
  lua_State* thread = nullptr;
  int anchor = LUA_NOREF;
  int arguments = 0;  // how many lie on its stack for the next resume
  Wait wait = Wait::Turn;
  int fd = -1;
  bool is_late = false;  // its time was over before the descriptor was ready
  bool has_ended = false;
  bool is_last = false;  // with its end the script ends
  Watcher timer;
  Watcher io;
};

/// *Invariants:* Lua runs within `resume` only, one task at a time; after `halt` nothing of the script runs.
/// *Rooms:* its source's front.
class SourceRun final : public ScriptLife {
 public:
  static constexpr size_t most_tasks = 1000;

  /// `state`: of Script::start. `keys`: of source_keys. `text`: where `write` goes.
  SourceRun(Feed& feed, std::unique_ptr<LuaState> state, const std::vector<Key>& keys, Tokens& tokens,
            ScriptOwner& owner, std::unique_ptr<WrittenText> text);
  ~SourceRun() override { halt(); }
  SourceRun(const SourceRun&) = delete;
  SourceRun& operator=(const SourceRun&) = delete;

  /// Makes the task that runs `run(token)`; it begins with the loop's next turn.
  void start() override ROOM(front);
  void pause() override ROOM(front);
  void resume() override ROOM(front);
  /// Makes a task of the script's finish, which has a second for what there is to do before its end; false: it has none.
  bool end() override ROOM(front);
  /// Calls the script's stop, if it has one, and ends all.
  void stop() override ROOM(front);
  void acknowledged() override ROOM(front);
  /// Ends all without a call: the state is gone, and with it what the script had open.
  void halt() ROOM(front);

  // What functions of the library use. All RAISE.

  /// The run of a state; `function` says so where there is none.
  static SourceRun& of(lua_State* raw, const char* function);
  /// Makes a task of the function at `index` and the arguments behind it.
  void spawn(lua_State* raw, int index) ROOM(front);
  /// The task that runs, which must be the caller: another coroutine of the script cannot wait.
  ScriptTask& caller(lua_State* raw, const char* function);
  bool may_wait(lua_State* raw) const { return task_ != nullptr && task_->thread == raw && lua_isyieldable(raw) != 0; }
  /// Each is the return of a function that goes on in `next`. `most`: ns, less than 0: for ever.
  int wait_turn(lua_State* raw, const char* function, lua_KFunction next, lua_KContext context = 0) ROOM(front);
  int wait_rows(lua_State* raw, const char* function, lua_KFunction next, lua_KContext context = 0) ROOM(front);
  int wait_time(lua_State* raw, const char* function, int64_t ns, lua_KFunction next, lua_KContext context = 0)
      ROOM(front);
  int wait_fd(lua_State* raw, const char* function, int fd, bool is_write, int64_t most, lua_KFunction next,
              lua_KContext context = 0) ROOM(front);
  /// Whether the task that runs was woken by its time and not by its descriptor.
  bool is_late() const { return task_ != nullptr && task_->is_late; }
  /// Before a descriptor is closed: who waits for it goes on.
  void wake_waiters(int fd) ROOM(front);
  /// Counts what the task has done since its last wait, a row, a line or more; true: others should have a turn.
  bool is_turn_over(uint32_t rows = 1) { return (rows_in_turn_ += rows) >= rows_a_turn; }
  /// The return of a function whose result is on top of the stack: gives others a turn first when it is time.
  int give_turn(lua_State* raw, const char* function, uint32_t rows = 1) ROOM(front);

  int wait_word(lua_State* raw, const char* function, int64_t most, lua_KFunction next) ROOM(front);

  /// For who has a word for the script: it is told at once, or when it asks the next time.
  void tell(Told::Word word, std::string_view token = {}) ROOM(front);
  /// What it was told and has not read.
  Told& told() { return told_; }
  /// It asks for the first time.
  void listen() ROOM(front);

  Feed& feed() { return feed_; }
  WrittenText& text() { return *text_; }
  ScriptRows& rows() { return rows_; }
  Tokens& tokens() { return tokens_; }

 private:
  friend struct ScriptTask;
  static constexpr uint32_t rows_a_turn = 1024;
  static int start_protected(lua_State* raw) ROOM(front);
  static int resume_protected(lua_State* raw);
  static int finish_protected(lua_State* raw) ROOM(front);
  static int stop_protected(lua_State* raw);
  ScriptTask& add_task(lua_State* thread, int anchor, int arguments) ROOM(front);
  void run_task(ScriptTask& task) ROOM(front);
  void on_turn() ROOM(front);
  bool is_ready(const ScriptTask& task) const;
  void arm() ROOM(front);
  void fail() ROOM(front);
  void end_now() ROOM(front);

  Feed& feed_;
  std::unique_ptr<LuaState> state_;
  Tokens& tokens_;
  ScriptRows rows_;
  ScriptOwner& owner_;
  std::unique_ptr<WrittenText> text_;
  Told told_;
  std::vector<std::unique_ptr<ScriptTask>> tasks_;
  std::vector<std::unique_ptr<ScriptTask>> ended_;  // until no callback of theirs can be running
  ScriptTask* task_ = nullptr;
  Watcher turn_watch_;
  Watcher end_watch_;  // over the time that its finish has
  uint32_t rows_in_turn_ = 0;
  bool is_paused_ = false;
};

}  // namespace stook
