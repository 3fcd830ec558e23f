// SPDX-License-Identifier: Apache-2.0
#include "core/tool/ask.hh"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "core/base/clock.hh"
#include "core/base/fd.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"

namespace stook {

namespace {
constexpr int64_t patience = 5'000'000'000;

std::string why(int code) {
  switch (code) {
    case ENOENT:
      return "there is no such socket; is stookd running, and does its configuration say control=?";
    case ECONNREFUSED:
      return "nobody listens there; stookd has ended";
    case EACCES:
    case EPERM:
      return "only its owner and root may ask; try sudo";
    case EAGAIN:
      return "no answer within " + show_duration(patience) + "; stookd hangs or is stopped";
    default:
      return strerror(code);
  }
}

[[noreturn]] void fail(const std::string& path, int code) {
  throw SetupError("cannot ask at " + path + ": " + why(code), code);
}
}  // namespace

std::string ask(const std::string& path, const std::string& request) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    fail(path, ENAMETOOLONG);
  }
  memcpy(address.sun_path, path.data(), path.size());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  timeval limit{patience / 1'000'000'000, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (!fd || ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    fail(path, errno);
  }
  // A process that is full says so and closes before it reads: then there is an answer although sending failed.
  std::string line = request + "\n";
  [[maybe_unused]] ssize_t sent = ::send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL);
  std::string answer;
  char bytes[65536];
  int64_t end = monotonic_ns() + patience;
  for (;;) {
    ssize_t got = ::recv(fd.get(), bytes, sizeof bytes, 0);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0 && (got == 0 || !answer.empty())) {
      break;
    }
    if (got < 0 || monotonic_ns() > end) {
      fail(path, got < 0 ? errno : EAGAIN);
    }
    answer.append(bytes, static_cast<size_t>(got));
  }
  if (answer.starts_with("ok\n")) {
    return answer.substr(3);
  }
  std::string said =
      answer.starts_with("error ") ? answer.substr(6, answer.find('\n') - 6) : "it answers in other words";
  throw SetupError("cannot ask at " + path + ": " + printable(said));
}

}  // namespace stook
