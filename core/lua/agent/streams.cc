// SPDX-License-Identifier: Apache-2.0
/// Programs and connections as streams. All functions RAISE.
#include "core/lua/agent/streams.hh"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/lua/agent/run.hh"

namespace stook {

namespace {
constexpr size_t first_room = 16 * 1024;
constexpr size_t longest_line = 1 << 20;

int stream_line(lua_State* raw) ROOM(front);
int stream_read(lua_State* raw) ROOM(front);
int stream_write(lua_State* raw) ROOM(front);
int stream_wait(lua_State* raw) ROOM(front);
int stream_signal(lua_State* raw);
int stream_shut(lua_State* raw) ROOM(front);
int stream_close(lua_State* raw) ROOM(front);
const luaL_Reg stream_methods[] = {{"line", stream_line},   {"read", stream_read},   {"write", stream_write},
                                   {"wait", stream_wait},   {"kill", stream_signal}, {"shut", stream_shut},
                                   {"close", stream_close}, {nullptr, nullptr}};
const ObjectKind stream_kind{"stream", stream_methods, destroy_object<OpenStream>};

OpenStream& stream_argument(lua_State* raw, const char* function) {
  auto& stream = *static_cast<OpenStream*>(object_argument(raw, 1, stream_kind, function));
  if (stream.is_closed) {
    refuse(raw, function, "the stream is closed");
  }
  return stream;
}

// Anything but a number is none, so that `for line in stream.line, stream` works.
int64_t most_argument(lua_State* raw, int index) {
  double seconds = lua_type(raw, index) == LUA_TNUMBER ? lua_tonumber(raw, index) : -1;
  return seconds < 0 ? -1 : static_cast<int64_t>(seconds * 1e9);
}

enum class Got : uint8_t { Bytes, Nothing, End };

// Reads once behind what is there.
Got fill(lua_State* raw, OpenStream& stream) {
  if (stream.begin > 0) {
    std::memmove(stream.bytes, stream.bytes + stream.begin, stream.end - stream.begin);
    stream.end -= std::exchange(stream.begin, 0);
  }
  if (stream.end == stream.room) {
    size_t room = stream.room == 0 ? first_room : 2 * stream.room;
    charge(raw, room - stream.room);
    auto* bytes = static_cast<char*>(std::realloc(stream.bytes, room));
    if (bytes == nullptr) {
      luaL_error(raw, "not enough memory");
    }
    stream.bytes = bytes;
    stream.room = room;
  }
  ssize_t got = 0;
  do {
    got = stream.in < 0 ? 0 : ::read(stream.in, stream.bytes + stream.end, stream.room - stream.end);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) {
    return Got::Nothing;
  }
  stream.end += got > 0 ? static_cast<size_t>(got) : 0;
  return got > 0 ? Got::Bytes : Got::End;
}

int give(lua_State* raw, OpenStream& stream, size_t size, size_t skipped) ROOM(front) {
  lua_pushlstring(raw, stream.bytes + stream.begin, size);
  stream.begin += size + skipped;
  return SourceRun::of(raw, "stream").give_turn(raw, "stream");
}

int line_again(lua_State* raw, int, lua_KContext searched) ROOM(front);

// stream:line([seconds]): without its newline; nil and "end", nil and "late".
int next_line(lua_State* raw, size_t searched) ROOM(front) {
  OpenStream& stream = stream_argument(raw, "stream:line");
  for (;;) {
    size_t size = stream.end - stream.begin;
    const char* from = stream.bytes + stream.begin;
    const void* found = size > searched ? std::memchr(from + searched, '\n', size - searched) : nullptr;
    if (found != nullptr) {
      return give(raw, stream, static_cast<size_t>(static_cast<const char*>(found) - from), 1);
    }
    if (size >= longest_line) {
      return give(raw, stream, size, 0);
    }
    searched = size;
    Got got = fill(raw, stream);
    if (got == Got::Nothing) {
      return SourceRun::of(raw, "stream:line")
          .wait_fd(raw, "stream:line", stream.in, false, most_argument(raw, 2), line_again,
                   static_cast<lua_KContext>(searched));
    }
    if (got == Got::End) {
      return size > 0 ? give(raw, stream, size, 0) : no_answer(raw, "end");
    }
  }
}

int line_again(lua_State* raw, int, lua_KContext searched) ROOM(front) {
  return SourceRun::of(raw, "stream:line").is_late() ? no_answer(raw, "late")
                                                     : next_line(raw, static_cast<size_t>(searched));
}
int stream_line(lua_State* raw) ROOM(front) {
  lua_settop(raw, 2);
  return next_line(raw, 0);
}

int read_again(lua_State* raw, int, lua_KContext) ROOM(front);

// stream:read([seconds]): what is there, at least one byte.
int stream_read(lua_State* raw) ROOM(front) {
  lua_settop(raw, 2);
  OpenStream& stream = stream_argument(raw, "stream:read");
  if (stream.end == stream.begin) {
    Got got = fill(raw, stream);
    if (got == Got::Nothing) {
      return SourceRun::of(raw, "stream:read")
          .wait_fd(raw, "stream:read", stream.in, false, most_argument(raw, 2), read_again);
    }
    if (got == Got::End) {
      return no_answer(raw, "end");
    }
  }
  return give(raw, stream, stream.end - stream.begin, 0);
}

int read_again(lua_State* raw, int, lua_KContext) ROOM(front) {
  return SourceRun::of(raw, "stream:read").is_late() ? no_answer(raw, "late") : stream_read(raw);
}

int write_again(lua_State* raw, int, lua_KContext from) ROOM(front);

// stream:write(text [, seconds]): true when all of it is written; nil and a reason.
int write_from(lua_State* raw, size_t from) ROOM(front) {
  OpenStream& stream = stream_argument(raw, "stream:write");
  std::string_view text = text_argument(raw, 2, "stream:write");
  while (from < text.size()) {
    ssize_t put = stream.is_socket ? ::send(stream.out, text.data() + from, text.size() - from, MSG_NOSIGNAL)
                                   : ::write(stream.out, text.data() + from, text.size() - from);
    if (put < 0 && errno == EAGAIN) {
      return SourceRun::of(raw, "stream:write")
          .wait_fd(raw, "stream:write", stream.out, true, most_argument(raw, 3), write_again,
                   static_cast<lua_KContext>(from));
    }
    if (put < 0 && errno != EINTR) {
      return no_answer(raw, std::strerror(errno));
    }
    from += put > 0 ? static_cast<size_t>(put) : 0;
  }
  lua_pushboolean(raw, 1);
  return 1;
}

int write_again(lua_State* raw, int, lua_KContext from) ROOM(front) {
  return SourceRun::of(raw, "stream:write").is_late() ? no_answer(raw, "late")
                                                      : write_from(raw, static_cast<size_t>(from));
}
int stream_write(lua_State* raw) ROOM(front) {
  lua_settop(raw, 3);
  return write_from(raw, 0);
}

int wait_again(lua_State* raw, int, lua_KContext) ROOM(front);

// stream:wait([seconds]): a program's exit code, or 128 and the number of the signal.
int stream_wait(lua_State* raw) ROOM(front) {
  lua_settop(raw, 2);
  OpenStream& stream = stream_argument(raw, "stream:wait");
  if (stream.child == nullptr) {
    return refuse(raw, "stream:wait", "it is no program");
  }
  if (!stream.child->has_ended()) {
    return SourceRun::of(raw, "stream:wait")
        .wait_fd(raw, "stream:wait", stream.child->ended_fd(), false, most_argument(raw, 2), wait_again);
  }
  const Ending& ending = stream.child->ending();
  lua_pushinteger(raw, ending.signal != 0 ? 128 + ending.signal : ending.code);
  return 1;
}

int wait_again(lua_State* raw, int, lua_KContext) ROOM(front) {
  return SourceRun::of(raw, "stream:wait").is_late() ? no_answer(raw, "late") : stream_wait(raw);
}

// stream:kill([number]): a signal to all of a program's group.
int stream_signal(lua_State* raw) {
  OpenStream& stream = stream_argument(raw, "stream:kill");
  lua_Integer number = integer_argument(raw, 2, "stream:kill", SIGTERM);
  if (stream.child != nullptr && number > 0 && number < 65) {
    stream.child->signal(static_cast<int>(number));
  }
  return 0;
}

// stream:shut(): nothing more is written.
int stream_shut(lua_State* raw) ROOM(front) {
  OpenStream& stream = stream_argument(raw, "stream:shut");
  if (stream.is_socket) {
    ::shutdown(stream.out, SHUT_WR);
  } else if (stream.out >= 0) {
    SourceRun::of(raw, "stream:shut").wake_waiters(stream.out);
    ::close(std::exchange(stream.out, -1));
  }
  return 0;
}

int stream_close(lua_State* raw) ROOM(front) {
  auto& stream = *static_cast<OpenStream*>(object_argument(raw, 1, stream_kind, "stream:close"));
  if (!stream.is_closed) {
    SourceRun& run = SourceRun::of(raw, "stream:close");
    run.wake_waiters(stream.in);
    run.wake_waiters(stream.out);
    if (stream.child != nullptr) {
      run.wake_waiters(stream.child->ended_fd());
    }
    refund(raw, stream.room);
    stream.close();
  }
  return 0;
}
}  // namespace

void OpenStream::close() {
  is_closed = true;
  if (out >= 0 && out != in) {
    ::close(out);
  }
  if (in >= 0) {
    ::close(in);
  }
  in = out = -1;
  delete std::exchange(child, nullptr);
  std::free(std::exchange(bytes, nullptr));
  room = begin = end = 0;
}

OpenStream& push_stream(lua_State* raw) {
  return make_object<OpenStream>(raw, stream_kind);
}

}  // namespace stook
