// SPDX-License-Identifier: Apache-2.0
#include "core/net/passed.hh"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/log.hh"
#include "core/base/text.hh"

namespace stook {

namespace {

constexpr int first_passed = 3;
constexpr uint64_t passed_most = 1024;

struct Passed {
  int fd;
  std::string name;
  bool is_used = false;
};

struct PassedTable {
  std::mutex lock;
  std::vector<Passed> all;
};

uint64_t number_of(const char* variable) {
  const char* text = ::getenv(variable);
  uint64_t number = 0;
  std::string why;
  return text != nullptr && read_value(text, number, why) ? number : 0;
}

// The descriptors stay open for the life of the process; programs that it starts do not get them.
std::vector<Passed> read_environment() {
  std::vector<Passed> all;
  uint64_t count = std::min(number_of("LISTEN_FDS"), passed_most);
  if (number_of("LISTEN_PID") != static_cast<uint64_t>(::getpid())) {
    return all;
  }
  const char* text = ::getenv("LISTEN_FDNAMES");
  std::string_view names = text == nullptr ? "" : text;
  for (uint64_t i = 0; i < count; i++) {
    int fd = first_passed + static_cast<int>(i);
    std::string_view name = names.substr(0, names.find(':'));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) {
      all.push_back({fd, std::string(name)});
    }
  }
  return all;
}

PassedTable& table() {
  static PassedTable one{{}, read_environment()};
  return one;
}

int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

bool takes_all(int fd, const SocketAddress& bound) {
  if (bound.family() == AF_INET6) {
    return bound.ip() == std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16) &&
           option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 0;
  }
  // All that a machine without IPv6 has.
  Fd probe(bound.family() == AF_INET ? ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1);
  return bound.family() == AF_INET && !probe && bound.ip() == std::string_view("\0\0\0\0", 4);
}

bool is_bound_to(int fd, const Endpoint& endpoint) {
  SocketAddress bound = SocketAddress::of_socket(fd);
  if (endpoint.is_unix()) {
    return bound.is_unix() && bound.text() == endpoint.path;
  }
  if (endpoint.port == 0 || bound.port() != endpoint.port) {
    return false;
  }
  if (endpoint.host == "*") {
    return takes_all(fd, bound);
  }
  std::optional<SocketAddress> wanted = SocketAddress::of(endpoint);
  return wanted && wanted->family() == bound.family() && wanted->text() == bound.text() &&
         (bound.family() != AF_INET6 || endpoint.host != "::" || option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1);
}

bool is_of_kind(int fd, bool is_stream) {
  return option_of(fd, SOL_SOCKET, SO_TYPE) == (is_stream ? SOCK_STREAM : SOCK_DGRAM) &&
         option_of(fd, SOL_SOCKET, SO_ACCEPTCONN) == (is_stream ? 1 : 0);
}

}  // namespace

PassedUse::~PassedUse() {
  if (place_ != none) {
    std::lock_guard guard(table().lock);
    table().all[place_].is_used = false;
  }
}

std::optional<PassedSocket> take_passed(const Endpoint& endpoint, bool is_stream) {
  std::lock_guard guard(table().lock);
  std::vector<Passed>& all = table().all;
  auto found = std::find_if(all.begin(), all.end(), [&](const Passed& one) {
    return !one.is_used && is_of_kind(one.fd, is_stream) && is_bound_to(one.fd, endpoint);
  });
  if (found == all.end()) {
    return std::nullopt;
  }
  Fd fd(::fcntl(found->fd, F_DUPFD_CLOEXEC, 0));
  int flags = fd ? ::fcntl(fd.get(), F_GETFL) : -1;
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return std::nullopt;
  }
  found->is_used = true;
  return PassedSocket{std::move(fd), PassedUse(static_cast<size_t>(found - all.begin()))};
}

void log_unused_passed() {
  std::lock_guard guard(table().lock);
  for (const Passed& one : table().all) {
    if (!one.is_used) {
      log_event(Level::Warning, "socket_unused",
                Fields()("name", one.name)("address", SocketAddress::of_socket(one.fd).text()));
    }
  }
}

}  // namespace stook
