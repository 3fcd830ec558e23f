// SPDX-License-Identifier: Apache-2.0
#include "core/lua/agent/vocabulary.hh"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <stdexcept>

#include "core/base/text.hh"
#include "core/lua/agent/run.hh"
#include "core/lua/library/desk.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
constexpr const char* first_part = "init";
// A pipe that is writable takes so much without blocking, whoever else holds it.
constexpr size_t piece = 4096;

std::span<const VocabularyPart> all_parts() {
  return {vocabulary_parts, vocabulary_part_count};
}

int put_out_again(lua_State* raw, int, lua_KContext from) ROOM(front);

int put_out_from(lua_State* raw, size_t from) ROOM(front) {
  std::string_view text = text_argument(raw, 1, "put_out");
  while (from < text.size()) {
    pollfd out{STDOUT_FILENO, POLLOUT, 0};
    if (::poll(&out, 1, 0) == 0) {
      return SourceRun::of(raw, "put_out")
          .wait_fd(raw, "put_out", STDOUT_FILENO, true, -1, put_out_again, static_cast<lua_KContext>(from));
    }
    ssize_t put = ::write(STDOUT_FILENO, text.data() + from, std::min(piece, text.size() - from));
    if (put < 0 && errno != EINTR && errno != EAGAIN) {
      return no_answer(raw, std::strerror(errno));
    }
    from += put > 0 ? static_cast<size_t>(put) : 0;
  }
  lua_pushboolean(raw, 1);
  return 1;
}
int put_out_again(lua_State* raw, int, lua_KContext from) ROOM(front) {
  return put_out_from(raw, static_cast<size_t>(from));
}
int put_out(lua_State* raw) ROOM(front) {
  lua_settop(raw, 1);
  return put_out_from(raw, 0);
}
}  // namespace

void check_vocabulary(std::string_view name, bool is_alone) {
  if (name.empty()) {
    return;
  }
  if (!is_alone) {
    throw std::invalid_argument("vocabulary: call and section are of stook's own words, and go without it");
  }
  std::vector<std::string_view> names;
  for (const VocabularyPart& part : all_parts()) {
    if (name == part.vocabulary) {
      return;
    }
    if (names.empty() || names.back() != part.vocabulary) {
      names.emplace_back(part.vocabulary);
    }
  }
  std::string_view near = nearest_name(name, names);
  throw std::invalid_argument(
      "there is no vocabulary '" + std::string(name) + "'" +
      (near.empty() ? "; there is " + std::string(names.front()) : "; did you mean '" + std::string(near) + "'?"));
}

void open_vocabulary(lua_State* raw, const std::string& name, bool has_output) {
  const VocabularyPart* init = nullptr;
  lua_newtable(raw);
  for (const VocabularyPart& part : all_parts()) {
    if (name == part.vocabulary) {
      lua_pushlstring(raw, part.text, part.size);
      lua_setfield(raw, -2, part.name);
      init = std::strcmp(part.name, first_part) == 0 ? &part : init;
    }
  }
  lua_pushfstring(raw, "=%s/%s", name.c_str(), first_part);
  if (init == nullptr || luaL_loadbufferx(raw, init->text, init->size, lua_tostring(raw, -1), "t") != LUA_OK) {
    lua_error(raw);
  }
  lua_rotate(raw, -3, 1);  // the function, the texts, its name
  lua_pop(raw, 1);
  if (has_output) {
    lua_pushcfunction(raw, put_out);
  } else {
    lua_pushnil(raw);
  }
  lua_call(raw, 2, 1);
  lua_setfield(raw, LUA_REGISTRYINDEX, LuaState::otherwise_key);
}

}  // namespace stook
