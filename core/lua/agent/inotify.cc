// SPDX-License-Identifier: Apache-2.0
/// inotify(7) for the script of a source. All functions RAISE.
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/lua/agent/run.hh"
#include "core/lua/library/desk.hh"

namespace stook {

void open_inotify(lua_State* raw);

namespace {
struct Watches {
  int fd = -1;
  ~Watches() {
    if (fd >= 0) {
      ::close(fd);
    }
  }
};

int watches_add(lua_State* raw);
int watches_remove(lua_State* raw);
int watches_read(lua_State* raw) ROOM(front);
int watches_close(lua_State* raw) ROOM(front);
const luaL_Reg watches_methods[] = {{"add", watches_add},
                                    {"remove", watches_remove},
                                    {"read", watches_read},
                                    {"close", watches_close},
                                    {nullptr, nullptr}};
const ObjectKind watches_kind{"inotify", watches_methods, destroy_object<Watches>};

Watches& watches_argument(lua_State* raw, const char* function) {
  auto& watches = *static_cast<Watches*>(object_argument(raw, 1, watches_kind, function));
  if (watches.fd < 0) {
    refuse(raw, function, "it is closed");
  }
  return watches;
}

int watches_add(lua_State* raw) {
  Watches& watches = watches_argument(raw, "inotify:add");
  // IN_MASK_ADD: adding what is watched already loses no event meanwhile.
  constexpr uint32_t wanted = IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE | IN_MOVE_SELF | IN_MODIFY | IN_ATTRIB |
                              IN_CLOSE_WRITE | IN_MASK_ADD;
  int number = ::inotify_add_watch(watches.fd, luaL_checkstring(raw, 2), wanted);
  if (number < 0) {
    return no_answer(raw, std::strerror(errno));
  }
  lua_pushinteger(raw, number);
  return 1;
}

int watches_remove(lua_State* raw) {
  Watches& watches = watches_argument(raw, "inotify:remove");
  ::inotify_rm_watch(watches.fd, static_cast<int>(integer_argument(raw, 2, "inotify:remove")));
  return 0;
}

const char* name_of(uint32_t mask) {
  struct Kind {
    uint32_t mask;
    const char* name;
  };
  for (const Kind& kind : {Kind{IN_Q_OVERFLOW, "overflow"}, Kind{IN_CREATE, "create"}, Kind{IN_DELETE, "delete"},
                           Kind{IN_MOVED_FROM, "move_from"}, Kind{IN_MOVED_TO, "move_to"}, Kind{IN_MODIFY, "modify"},
                           Kind{IN_CLOSE_WRITE, "close"}, Kind{IN_ATTRIB, "attrib"},
                           Kind{IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT, "gone"}}) {
    if ((mask & kind.mask) != 0) {
      return kind.name;
    }
  }
  return "other";
}

int read_again(lua_State* raw, int, lua_KContext) ROOM(front);

// inotify:read([seconds])
int watches_read(lua_State* raw) ROOM(front) {
  Watches& watches = watches_argument(raw, "inotify:read");
  double seconds = luaL_optnumber(raw, 2, -1);
  alignas(inotify_event) char bytes[16384];
  ssize_t got = ::read(watches.fd, bytes, sizeof bytes);
  if (got <= 0) {
    int64_t most = seconds < 0 ? -1 : static_cast<int64_t>(seconds * 1e9);
    return SourceRun::of(raw, "inotify:read").wait_fd(raw, "inotify:read", watches.fd, false, most, read_again);
  }
  lua_createtable(raw, 0, 0);
  lua_Integer count = 0;
  for (const char* at = bytes; at < bytes + got;) {
    const auto* event = reinterpret_cast<const inotify_event*>(at);
    at += sizeof *event + event->len;
    lua_createtable(raw, 0, 4);
    lua_pushinteger(raw, event->wd);
    lua_setfield(raw, -2, "wd");
    lua_pushstring(raw, name_of(event->mask));
    lua_setfield(raw, -2, "kind");
    lua_pushinteger(raw, event->cookie);
    lua_setfield(raw, -2, "cookie");
    if (event->len > 0) {
      lua_pushstring(raw, event->name);
      lua_setfield(raw, -2, "name");
    }
    lua_rawseti(raw, -2, ++count);
  }
  return 1;
}

int read_again(lua_State* raw, int, lua_KContext) ROOM(front) {
  if (SourceRun::of(raw, "inotify:read").is_late()) {
    lua_pushnil(raw);
    return 1;
  }
  return watches_read(raw);
}

int watches_close(lua_State* raw) ROOM(front) {
  auto& watches = *static_cast<Watches*>(object_argument(raw, 1, watches_kind, "inotify:close"));
  if (watches.fd >= 0) {
    SourceRun::of(raw, "inotify:close").wake_waiters(watches.fd);
    ::close(std::exchange(watches.fd, -1));
  }
  return 0;
}

int make_inotify(lua_State* raw) {
  Watches& watches = make_object<Watches>(raw, watches_kind);
  watches.fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  return watches.fd < 0 ? no_answer(raw, std::strerror(errno)) : 1;
}
}  // namespace

void open_inotify(lua_State* raw) {
  lua_pushcfunction(raw, make_inotify);
  lua_setfield(raw, -2, "inotify");
}

}  // namespace stook
