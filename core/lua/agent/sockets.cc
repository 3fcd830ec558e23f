// SPDX-License-Identifier: Apache-2.0
/// `connect` and `listen`. Names are not looked up, as that would hold the front. All functions RAISE.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/lua/agent/run.hh"
#include "core/lua/agent/streams.hh"

namespace stook {

namespace {
struct SocketPlace {
  sockaddr_storage address{};
  socklen_t size = 0;
};

bool read_tcp(std::string_view text, SocketPlace& place) {
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return false;
  }
  std::string_view host = text.substr(0, colon);
  std::string_view digits = text.substr(colon + 1);
  uint16_t port = 0;
  auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || read.ec != std::errc() || read.ptr != digits.data() + digits.size()) {
    return false;
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  host = host == "localhost" ? "127.0.0.1" : host;
  char name[64] = {};
  if (host.size() >= sizeof name) {
    return false;
  }
  std::memcpy(name, host.data(), host.size());
  auto& four = reinterpret_cast<sockaddr_in&>(place.address);
  auto& six = reinterpret_cast<sockaddr_in6&>(place.address);
  if (inet_pton(AF_INET, name, &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    place.size = sizeof four;
  } else if (inet_pton(AF_INET6, name, &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    place.size = sizeof six;
  }
  return place.size != 0;
}

bool read_unix(std::string_view path, SocketPlace& place) {
  auto& local = reinterpret_cast<sockaddr_un&>(place.address);
  if (path.empty() || path.size() >= sizeof local.sun_path) {
    return false;
  }
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.data(), path.size());
  place.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return true;
}

SocketPlace place_argument(lua_State* raw, const char* function) {
  std::string_view text = text_argument(raw, 1, function);
  SocketPlace place;
  bool is_right = text.substr(0, 4) == "tcp:"    ? read_tcp(text.substr(4), place)
                  : text.substr(0, 5) == "unix:" ? read_unix(text.substr(5), place)
                                                 : false;
  if (!is_right) {
    refuse(raw, function, "'%s' is no address; it would be tcp:192.0.2.1:514 or unix:/path", lua_tostring(raw, 1));
  }
  return place;
}

int connected(lua_State* raw, int, lua_KContext) ROOM(front);

int connect_to(lua_State* raw) ROOM(front) {
  lua_settop(raw, 2);
  SocketPlace place = place_argument(raw, "connect");
  double seconds = luaL_optnumber(raw, 2, -1);
  OpenStream& stream = push_stream(raw);  // 3
  stream.in = ::socket(place.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  stream.out = stream.in;
  stream.is_socket = true;
  if (stream.in < 0) {
    return no_answer(raw, std::strerror(errno));
  }
  if (::connect(stream.in, reinterpret_cast<sockaddr*>(&place.address), place.size) == 0) {
    return 1;
  }
  if (errno != EINPROGRESS) {
    return no_answer(raw, std::strerror(errno));
  }
  return SourceRun::of(raw, "connect")
      .wait_fd(raw, "connect", stream.in, true, seconds < 0 ? -1 : static_cast<int64_t>(seconds * 1e9), connected);
}

int connected(lua_State* raw, int, lua_KContext) ROOM(front) {
  lua_settop(raw, 3);
  auto& stream = *static_cast<OpenStream*>(lua_touserdata(raw, 3));
  int error = ETIMEDOUT;
  socklen_t size = sizeof error;
  if (!SourceRun::of(raw, "connect").is_late()) {
    ::getsockopt(stream.in, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) {
    stream.close();
    return no_answer(raw, std::strerror(error));
  }
  return 1;
}

struct OpenListener {
  int fd = -1;
  ~OpenListener() {
    if (fd >= 0) {
      ::close(fd);
    }
  }
};

int listener_accept(lua_State* raw) ROOM(front);
int listener_port(lua_State* raw);
int listener_close(lua_State* raw) ROOM(front);
const luaL_Reg listener_methods[] = {
    {"accept", listener_accept}, {"port", listener_port}, {"close", listener_close}, {nullptr, nullptr}};
const ObjectKind listener_kind{"listener", listener_methods, destroy_object<OpenListener>};

OpenListener& listener_argument(lua_State* raw, const char* function) {
  auto& listener = *static_cast<OpenListener*>(object_argument(raw, 1, listener_kind, function));
  if (listener.fd < 0) {
    refuse(raw, function, "it is closed");
  }
  return listener;
}

int accept_again(lua_State* raw, int, lua_KContext) ROOM(front);

int listener_accept(lua_State* raw) ROOM(front) {
  lua_settop(raw, 2);
  OpenListener& listener = listener_argument(raw, "listener:accept");
  double seconds = luaL_optnumber(raw, 2, -1);
  OpenStream& stream = push_stream(raw);
  stream.is_socket = true;
  stream.in = ::accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  stream.out = stream.in;
  if (stream.in >= 0) {
    return 1;
  }
  if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
    return no_answer(raw, std::strerror(errno));
  }
  return SourceRun::of(raw, "listener:accept")
      .wait_fd(raw, "listener:accept", listener.fd, false, seconds < 0 ? -1 : static_cast<int64_t>(seconds * 1e9),
               accept_again);
}

int accept_again(lua_State* raw, int, lua_KContext) ROOM(front) {
  return SourceRun::of(raw, "listener:accept").is_late() ? no_answer(raw, "late") : listener_accept(raw);
}

int listener_port(lua_State* raw) {
  SocketPlace place;
  place.size = sizeof place.address;
  ::getsockname(listener_argument(raw, "listener:port").fd, reinterpret_cast<sockaddr*>(&place.address), &place.size);
  bool is_six = place.address.ss_family == AF_INET6;
  lua_pushinteger(raw, ntohs(is_six ? reinterpret_cast<sockaddr_in6&>(place.address).sin6_port
                                    : reinterpret_cast<sockaddr_in&>(place.address).sin_port));
  return 1;
}

int listener_close(lua_State* raw) ROOM(front) {
  auto& listener = *static_cast<OpenListener*>(object_argument(raw, 1, listener_kind, "listener:close"));
  if (listener.fd >= 0) {
    SourceRun::of(raw, "listener:close").wake_waiters(listener.fd);
    ::close(std::exchange(listener.fd, -1));
  }
  return 0;
}

int listen_at(lua_State* raw) {
  SocketPlace place = place_argument(raw, "listen");
  OpenListener& listener = make_object<OpenListener>(raw, listener_kind);
  listener.fd = ::socket(place.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int yes = 1;
  if (listener.fd < 0 || ::setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      ::bind(listener.fd, reinterpret_cast<sockaddr*>(&place.address), place.size) != 0 ||
      ::listen(listener.fd, 128) != 0) {
    return no_answer(raw, std::strerror(errno));
  }
  return 1;
}
}  // namespace

void open_sockets(lua_State* raw) {
  const luaL_Reg functions[] = {{"connect", connect_to}, {"listen", listen_at}, {nullptr, nullptr}};
  luaL_setfuncs(raw, functions, 0);
}

}  // namespace stook
