// SPDX-License-Identifier: Apache-2.0
/// The two pipes of a source's script: `write` and `read`. All functions RAISE.
#include "core/lua/agent/library.hh"
#include "core/lua/agent/run.hh"
#include "core/lua/library/desk.hh"

namespace stook {

namespace {
int drain_again(lua_State* raw, int, lua_KContext) ROOM(front);

int drain(lua_State* raw, SourceRun& run) ROOM(front) {
  if (!run.text().drain()) {
    return run.wait_rows(raw, "write", drain_again);
  }
  if (run.is_turn_over() && run.may_wait(raw)) {
    return run.wait_turn(raw, "write", [](lua_State*, int, lua_KContext) { return 0; });
  }
  return 0;
}

int write_again(lua_State* raw, int, lua_KContext) ROOM(front);

// write(text): waits while there is no room for rows, also for those that another task has written.
int write(lua_State* raw) ROOM(front) {
  std::string_view text = text_argument(raw, 1, "write");
  SourceRun& run = SourceRun::of(raw, "write");
  if (!run.text().drain()) {
    return run.wait_rows(raw, "write", write_again);
  }
  run.text().add(text);
  return drain(raw, run);
}

int write_again(lua_State* raw, int, lua_KContext) ROOM(front) {
  return write(raw);
}

int drain_again(lua_State* raw, int, lua_KContext) ROOM(front) {
  return drain(raw, SourceRun::of(raw, "write"));
}

int read_again(lua_State* raw, int, lua_KContext) ROOM(front);

// The word that comes next, and with "commit" its token.
int read_word(lua_State* raw, SourceRun& run) ROOM(front) {
  static const char* const names[] = {"", "stop", "pause", "resume", "commit"};
  Told& told = run.told();
  Told::Word word = told.take();
  if (word == Told::Word::None) {
    double seconds = luaL_optnumber(raw, 1, -1);
    return run.wait_word(raw, "read", seconds < 0 ? -1 : static_cast<int64_t>(seconds * 1e9), read_again);
  }
  lua_pushstring(raw, names[static_cast<size_t>(word)]);
  if (word != Told::Word::Commit) {
    return 1;
  }
  lua_getfield(raw, LUA_REGISTRYINDEX, "stook.decode");
  push_text(raw, told.token);
  lua_call(raw, 1, 1);
  if (lua_istable(raw, -1)) {  // {"token": …, "files": …}: what the script itself has committed
    lua_getfield(raw, -1, "token");
    lua_replace(raw, -2);
  }
  return 2;
}

// read([seconds]): what the script is told.
int read(lua_State* raw) ROOM(front) {
  luaL_optnumber(raw, 1, -1);
  lua_settop(raw, 1);
  SourceRun& run = SourceRun::of(raw, "read");
  run.caller(raw, "read");
  run.listen();
  return read_word(raw, run);
}

int read_again(lua_State* raw, int, lua_KContext) ROOM(front) {
  lua_settop(raw, 1);
  SourceRun& run = SourceRun::of(raw, "read");
  return run.is_late() && !run.told().has_any() ? no_answer(raw, "late") : read_word(raw, run);
}
}  // namespace

void open_pipes(lua_State* raw) {
  const luaL_Reg functions[] = {{"read", read}, {"write", write}, {nullptr, nullptr}};
  luaL_setfuncs(raw, functions, 0);
}

}  // namespace stook
