// SPDX-License-Identifier: Apache-2.0
#include "core/net/dial.hh"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/clock.hh"
#include "core/base/text.hh"

namespace stook {

namespace {
/// An idle peer is asked after a minute whether it is alive, and counts as gone after another. What it has not
/// acknowledged is Outgoing's matter: TCP_USER_TIMEOUT would also end a connection whose peer is alive, answers, and
/// takes nothing for a while.
constexpr int idle_seconds = 60;
constexpr int probe_seconds = 10;
constexpr int probes = 6;

void set_tcp(int fd) {
  auto set = [fd](int level, int name, int value) { (void)::setsockopt(fd, level, name, &value, sizeof value); };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, idle_seconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, probe_seconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, probes);
}
}  // namespace

std::vector<SocketAddress> interleave_families(const std::vector<SocketAddress>& addresses) {
  std::vector<SocketAddress> first, second, all;
  for (const SocketAddress& address : addresses) {
    (address.family() == addresses.front().family() ? first : second).push_back(address);
  }
  for (size_t i = 0; i < std::max(first.size(), second.size()); i++) {
    if (i < first.size()) {
      all.push_back(first[i]);
    }
    if (i < second.size()) {
      all.push_back(second[i]);
    }
  }
  return all;
}

Dialer::Dialer(const std::vector<SocketAddress>& addresses, int64_t time_out)
    : addresses_(interleave_families(addresses)), time_out_(time_out), deadline_(monotonic_ns() + time_out) {}

void Dialer::fail(const SocketAddress& address, int code) {
  code_ = code;
  faults_ += (faults_.empty() ? "" : ", ") + address.text() + ": " + std::strerror(code);
}

void Dialer::begin_next(int64_t now) {
  const SocketAddress& address = addresses_[next_++];
  next_at_ = now + stagger;
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) {
    fail(address, errno);
    next_at_ = now;
    return;
  }
  if (!address.is_unix()) {
    set_tcp(fd.get());
  }
  if (::connect(fd.get(), address.get(), address.length()) == 0) {
    answered_ = std::move(fd);
    address_ = address;
  } else if (errno == EINPROGRESS) {
    attempts_.push_back({std::move(fd), address});
  } else {
    fail(address, errno);
    next_at_ = now;
  }
}

void Dialer::look(int64_t until) {
  std::vector<pollfd> polled;
  for (const Attempt& attempt : attempts_) {
    polled.push_back({attempt.fd.get(), POLLOUT, 0});
  }
  int64_t wait = std::max<int64_t>(0, until - monotonic_ns());
  timespec time{static_cast<time_t>(wait / 1'000'000'000), static_cast<long>(wait % 1'000'000'000)};
  if (::ppoll(polled.data(), polled.size(), &time, nullptr) <= 0) {
    return;
  }
  for (size_t i = polled.size(); i > 0; i--) {
    if (polled[i - 1].revents == 0) {
      continue;
    }
    Attempt attempt = std::move(attempts_[i - 1]);
    attempts_.erase(attempts_.begin() + static_cast<std::ptrdiff_t>(i - 1));
    int code = 0;
    socklen_t size = sizeof code;
    if (::getsockopt(attempt.fd.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0) {
      code = errno;
    }
    if (code == 0) {
      answered_ = std::move(attempt.fd);
      address_ = attempt.address;
    } else {
      fail(attempt.address, code);
      next_at_ = 0;
    }
  }
}

Advance Dialer::go_on(int64_t until) {
  while (!answered_) {
    int64_t now = monotonic_ns();
    bool has_more = next_ < addresses_.size();
    if (now >= deadline_ || (attempts_.empty() && !has_more)) {
      is_late_ = now >= deadline_;
      code_ = is_late_ ? ETIMEDOUT : code_;
      return Advance::Failed;
    }
    if (has_more && (attempts_.empty() || now >= next_at_)) {
      begin_next(now);
      continue;
    }
    if (now >= until) {
      return Advance::Pending;
    }
    look(std::min({until, deadline_, has_more ? next_at_ : deadline_}));
  }
  attempts_.clear();
  return Advance::Done;
}

std::string Dialer::reason() const {
  std::string silent;
  for (const Attempt& attempt : attempts_) {
    silent += (silent.empty() ? "" : ", ") + attempt.address.text();
  }
  if (is_late_) {
    return "cannot connect: no answer from " + silent + " within " + show_duration(time_out_) +
           (faults_.empty() ? "" : "; " + faults_);
  }
  return silent.empty() ? "cannot connect to " + faults_ : "connecting to " + silent;
}

}  // namespace stook
