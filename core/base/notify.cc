// SPDX-License-Identifier: Apache-2.0
#include "core/base/notify.hh"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>

#include "core/base/clock.hh"
#include "core/base/text.hh"

namespace stook {

namespace {
/// A manager that loses READY=1 takes the start for failed, so these words wait a little.
constexpr int64_t word_patience = 1'000'000'000;

uint64_t number_of(const char* name) {
  const char* text = ::getenv(name);
  uint64_t number = 0;
  std::string why;
  return text != nullptr && read_value(text, number, why) ? number : 0;
}

std::string status_line(std::string_view status) {
  return "STATUS=" + printable(status);
}
}  // namespace

Notify::Notify(std::string_view socket_name) {
  bool is_abstract = !socket_name.empty() && socket_name[0] == '@';
  bool is_path = !socket_name.empty() && socket_name[0] == '/';
  if ((!is_abstract && !is_path) || socket_name.size() < 2 || socket_name.size() >= sizeof(sockaddr_un{}.sun_path)) {
    return;
  }
  name_ = socket_name;
  size_ = offsetof(sockaddr_un, sun_path) + name_.size() + (is_path ? 1 : 0);
  if (is_abstract) {
    name_[0] = '\0';
  }
  fd_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  size_ = fd_ ? size_ : 0;
}

Notify Notify::from_environment() {
  const char* name = ::getenv("NOTIFY_SOCKET");
  if (name == nullptr) {
    return {};
  }
  Notify notify{std::string_view(name)};
  uint64_t pid = number_of("WATCHDOG_PID");
  if (pid == 0 || pid == static_cast<uint64_t>(::getpid())) {
    notify.watchdog_ = static_cast<int64_t>(number_of("WATCHDOG_USEC")) * 1000;
  }
  return notify;
}

void Notify::ready(std::string_view status) {
  send("READY=1\n" + status_line(status), word_patience);
}

// The manager takes a READY=1 for the end of this reload only if it knows when the reload began.
void Notify::reloading(std::string_view status) {
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_ns() / 1000) + "\n" + status_line(status),
       word_patience);
}

void Notify::stopping(std::string_view status) {
  send("STOPPING=1\n" + status_line(status), word_patience);
}

void Notify::status(std::string_view text) {
  send(status_line(text), 0);
}

void Notify::alive() {
  send("WATCHDOG=1", 0);
}

void Notify::send(const std::string& lines, int64_t patience) {
  if (!is_heard()) {
    return;
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, name_.data(), name_.size());
  int64_t end = monotonic_ns() + patience;
  for (;;) {
    ssize_t sent = ::sendto(fd_.get(), lines.data(), lines.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address),
                            static_cast<socklen_t>(size_));
    if (sent >= 0 || (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)) {
      return;
    }
    if (monotonic_ns() >= end) {
      return;
    }
    // An unconnected datagram socket is always writable to poll, so this only passes the time.
    ::poll(nullptr, 0, 10);
  }
}

}  // namespace stook
