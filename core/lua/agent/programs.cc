// SPDX-License-Identifier: Apache-2.0
/// `program`: a child whose output is read line by line. All functions RAISE.
#include <stdexcept>
#include <string>

#include "core/base/status.hh"
#include "core/lua/agent/streams.hh"

namespace stook {

namespace {
constexpr lua_Integer most_words = 1000;

struct ProgramAsked {
  std::vector<std::string> words;
  std::vector<std::string> environment;
  std::string folder;
  bool has_stderr = false;
};

// Starts it; the reason in the desk.
bool launch(Desk& desk, const ProgramAsked& asked, OpenStream& stream) {
  return desk.attempt([&] {
    Pipe out = open_pipe(true);
    Pipe in = open_pipe(false);
    auto child = std::make_unique<Child>();
    child->start({asked.words, asked.environment, asked.folder, in.read.get(), out.write.get(),
                  asked.has_stderr ? out.write.get() : -1});
    stream.in = out.read.release();
    stream.out = in.write.release();
    stream.child = child.release();
    return true;
  });
}

/// Held by Lua, so that nothing leaks when an error leaves the function.
struct ProgramBox {
  ProgramAsked* asked = nullptr;
  ~ProgramBox() { delete asked; }
};
const luaL_Reg no_methods[] = {{nullptr, nullptr}};
const ObjectKind box_kind{"program", no_methods, destroy_object<ProgramBox>};

void read_texts(lua_State* raw, int index, std::vector<std::string>& texts) {
  for (lua_Integer i = 1; i <= most_words && lua_rawgeti(raw, index, i) != LUA_TNIL; i++) {
    texts.emplace_back(text_argument(raw, lua_gettop(raw), "program"));
    lua_pop(raw, 1);
  }
  lua_settop(raw, 3);
}

int program(lua_State* raw) {
  lua_settop(raw, 2);
  ProgramBox& box = make_object<ProgramBox>(raw, box_kind);  // 3
  box.asked = new ProgramAsked();
  ProgramAsked& asked = *box.asked;
  Desk& desk = Desk::of(raw);
  if (lua_istable(raw, 1)) {
    read_texts(raw, 1, asked.words);
  } else {
    std::string_view command = text_argument(raw, 1, "program");
    if (!desk.attempt([&] {
          asked.words = split_command(command);
          return true;
        })) {
      return no_answer(raw, desk.reason);
    }
  }
  if (asked.words.empty() || asked.words[0].empty()) {
    return refuse(raw, "program", "no word; it takes a command, or a list of words");
  }
  if (lua_istable(raw, 2)) {
    lua_getfield(raw, 2, "stderr");
    asked.has_stderr = lua_toboolean(raw, -1) != 0;
    if (lua_getfield(raw, 2, "folder") == LUA_TSTRING) {
      asked.folder = text_argument(raw, lua_gettop(raw), "program");
    }
    if (lua_getfield(raw, 2, "environment") == LUA_TTABLE) {
      lua_replace(raw, 2);
      read_texts(raw, 2, asked.environment);
    }
  }
  OpenStream& stream = push_stream(raw);
  return launch(desk, asked, stream) ? 1 : no_answer(raw, desk.reason);
}
}  // namespace

void open_programs(lua_State* raw) {
  lua_pushcfunction(raw, program);
  lua_setfield(raw, -2, "program");
}

}  // namespace stook
