// SPDX-License-Identifier: Apache-2.0
#include "core/tool/ask.hh"

#include <errno.h>
#include <poll.h>
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

[[noreturn]] void refuse(const std::string& path, std::string_view status) {
  std::string_view said = status.starts_with("error ") ? status.substr(6) : "it answers in other words";
  throw SetupError("cannot ask at " + path + ": " + printable(said));
}

Fd connect_to(const std::string& path) {
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
  return fd;
}

// The connection, with the request sent.
Fd begin(const std::string& path, const std::string& request) {
  Fd fd = connect_to(path);
  // A process that is full says so and closes before it reads: then there is an answer although sending failed.
  std::string line = request + "\n";
  [[maybe_unused]] ssize_t sent = ::send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL);
  return fd;
}
}  // namespace

std::string ask(const std::string& path, const std::string& request) {
  Fd fd = begin(path, request);
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
  refuse(path, std::string_view(answer).substr(0, answer.find('\n')));
}

pid_t find_process(const std::string& path) {
  try {
    Fd fd = connect_to(path);
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
  } catch (const SetupError&) {
    return 0;
  }
}

bool ask_on(const std::string& path, const std::string& request, const std::function<bool(std::string_view)>& take,
            const std::function<bool()>& is_over) {
  Fd fd = begin(path, request);
  std::string come;
  bool is_answered = false;
  int64_t answer_by = monotonic_ns() + patience;
  while (!is_over()) {
    pollfd look{fd.get(), POLLIN, 0};
    if (::poll(&look, 1, 100) <= 0) {
      if (!is_answered && monotonic_ns() > answer_by) {
        fail(path, EAGAIN);
      }
      continue;
    }
    char bytes[65536];
    ssize_t got = ::recv(fd.get(), bytes, sizeof bytes, 0);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      is_answered ? void() : refuse(path, "");
      return false;
    }
    come.append(bytes, static_cast<size_t>(got));
    size_t at = 0;
    for (size_t end = come.find('\n'); end != std::string::npos; at = end + 1, end = come.find('\n', at)) {
      std::string_view line = std::string_view(come).substr(at, end - at);
      if (!is_answered && line != "ok") {
        refuse(path, line);
      }
      if (is_answered && take(line)) {
        return true;
      }
      is_answered = true;
    }
    come.erase(0, at);
  }
  return true;
}

}  // namespace stook
