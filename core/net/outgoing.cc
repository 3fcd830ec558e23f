// SPDX-License-Identifier: Apache-2.0
#include "core/net/outgoing.hh"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/clock.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"

namespace stook {

namespace {
/// How long a peer that asked for our certificate has to say no to it. In TLS 1.3 its word comes behind our handshake,
/// with its tickets; some peers look at the certificate only once those are sent.
constexpr int64_t verdict_least = 100'000'000;
constexpr int64_t verdict_most = 1'000'000'000;
/// Pauses between two looks at what is not acknowledged: no event tells.
constexpr int64_t shortest_pause = 20'000;
constexpr int64_t longest_pause = 5'000'000;
constexpr size_t most_parts = 64;
constexpr char gone[] = "the peer closed the connection";
}  // namespace

Outgoing::Outgoing(const Endpoint& endpoint, std::unique_ptr<TlsContext> tls, int64_t time_out)
    : endpoint_(endpoint), tls_(std::move(tls)), time_out_(time_out), resolver_(endpoint, SOCK_STREAM) {}
Outgoing::~Outgoing() = default;

void Outgoing::close() {
  if (session_) {
    session_->close();
  }
  session_.reset();
  fd_.reset();
  dialer_.reset();
  shaken_at_ = 0;
  is_up_ = false;
  is_reset_ = false;
}

// An attempt to connect that came to nothing.
Advance Outgoing::fail(const std::string& reason, bool is_refusal) {
  reason_ = reason;
  is_refusal_ = is_refusal;
  close();
  return Advance::Failed;
}

// What a dialer says names addresses; where `to` is a name that belongs to it.
std::string Outgoing::named_reason(const std::string& reason) const {
  return SocketAddress::of(endpoint_) ? reason : endpoint_.text() + ": " + reason;
}

// A connection that was up. It stays open, so that one can ask what was acknowledged.
bool Outgoing::lose(const std::string& reason, bool is_reset) {
  is_reset_ = is_reset_ || is_reset;
  reason_ = endpoint_.text() + ": " + reason;
  is_refusal_ = session_ != nullptr && session_->is_refusal();
  return false;
}

bool Outgoing::wait(short events, int64_t until) const {
  pollfd polled{fd_.get(), events, 0};
  int64_t left = std::max<int64_t>(0, until - monotonic_ns());
  timespec time{static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
  return ::ppoll(&polled, 1, &time, nullptr) > 0;
}

Advance Outgoing::connect(int64_t until) {
  if (is_up_) {
    return Advance::Done;
  }
  if (!fd_) {
    if (!dialer_) {
      Advance named = resolver_.ask(until);
      if (named != Advance::Done) {
        reason_ = resolver_.reason();
        is_refusal_ = false;
        return named;
      }
      dialer_.emplace(resolver_.addresses(), time_out_);
    }
    Advance dialled = dialer_->go_on(until);
    if (dialled == Advance::Failed) {
      return fail(named_reason(dialer_->reason()), dialer_->code() == EACCES || dialer_->code() == EPERM);
    }
    if (dialled == Advance::Pending) {
      reason_ = named_reason(dialer_->reason());
      return dialled;
    }
    fd_ = dialer_->take();
    address_ = dialer_->address();
    dialer_.reset();
    shaking_since_ = monotonic_ns();
  }
  try {
    Advance shaken = tls_ ? shake_hands(until) : Advance::Done;
    is_up_ = shaken == Advance::Done;
    return shaken;
  } catch (const SetupError& error) {
    return fail(error.what(), true);
  }
}

Advance Outgoing::shake_hands(int64_t until) {
  if (!session_) {
    session_ = tls_->session(fd_.get(), endpoint_.host);
  }
  int64_t deadline = shaking_since_ + time_out_;
  while (shaken_at_ == 0) {
    TlsStep step = session_->handshake();
    int64_t now = monotonic_ns();
    if (step.status == TlsStatus::Done) {
      shaken_at_ = now;
      received_then_ = session_->received();
      break;
    }
    if (step.status == TlsStatus::Closed || step.status == TlsStatus::Failed) {
      return fail(endpoint_.text() + ": TLS: " + session_->reason(), session_->is_refusal());
    }
    if (now >= deadline) {
      return fail("TLS: the peer has not finished the handshake within " + show_duration(time_out_));
    }
    if (now >= until) {
      reason_ = endpoint_.text() + ": TLS: waiting for the peer's part of the handshake";
      return Advance::Pending;
    }
    (void)wait(step.status == TlsStatus::WantRead ? POLLIN : POLLOUT, std::min(until, deadline));
  }
  return session_->was_asked_for_certificate() ? await_verdict(until) : Advance::Done;
}

Advance Outgoing::await_verdict(int64_t until) {
  bool is_told = session_->version() != "TLSv1.3";  // there the verdict is part of the handshake
  for (;;) {
    char ignored[4096];
    TlsStep step = session_->read(ignored, sizeof ignored);
    if (step.status == TlsStatus::Closed || step.status == TlsStatus::Failed) {
      bool is_silent = step.status == TlsStatus::Closed || !session_->is_refusal();
      return fail(endpoint_.text() + ": TLS: " + session_->reason() + (is_silent ? " once it had our certificate" : ""),
                  true);
    }
    int64_t now = monotonic_ns();
    is_told = is_told || session_->received() > received_then_;
    int64_t enough = shaken_at_ + (is_told ? verdict_least : verdict_most);
    if (now >= enough) {
      return Advance::Done;
    }
    if (now >= until) {
      reason_ = endpoint_.text() + ": TLS: waiting for the peer's word on our certificate";
      return Advance::Pending;
    }
    (void)wait(POLLIN, std::min(until, enough));
  }
}

bool Outgoing::drain() {
  char ignored[16384];
  for (;;) {
    ssize_t got = ::recv(fd_.get(), ignored, sizeof ignored, MSG_DONTWAIT);
    if (got == 0) {
      return lose(gone, false);
    }
    if (got < 0 && errno != EINTR) {
      return errno == EAGAIN || lose(std::strerror(errno), true);
    }
  }
}

bool Outgoing::drain_tls() {
  char ignored[16384];
  for (;;) {
    TlsStep step = session_->read(ignored, sizeof ignored);
    if (step.status == TlsStatus::Closed || step.status == TlsStatus::Failed) {
      return lose(session_->reason().empty() ? gone : session_->reason(), false);
    }
    if (step.status != TlsStatus::Done) {
      return true;
    }
  }
}

bool Outgoing::look() {
  pollfd polled{fd_.get(), POLLIN | POLLRDHUP, 0};
  if (::poll(&polled, 1, 0) <= 0) {
    return true;
  }
  if (!(session_ ? drain_tls() : drain())) {
    return false;
  }
  return (polled.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0 || lose(gone, false);
}

Written Outgoing::write_some(std::span<const iovec> parts, size_t done) {
  size_t first = 0;
  while (first < parts.size() && done >= parts[first].iov_len) {
    done -= parts[first++].iov_len;
  }
  std::array<iovec, most_parts> rest;
  size_t count = std::min(parts.size() - first, most_parts);
  std::copy_n(parts.begin() + static_cast<std::ptrdiff_t>(first), count, rest.begin());
  rest[0].iov_base = static_cast<char*>(rest[0].iov_base) + done;
  rest[0].iov_len -= done;
  wanted_ = POLLOUT;
  if (session_) {
    TlsStep step = session_->write(static_cast<const char*>(rest[0].iov_base), rest[0].iov_len);
    wanted_ = step.status == TlsStatus::WantRead ? POLLIN : POLLOUT;
    bool is_lost = step.status == TlsStatus::Closed || step.status == TlsStatus::Failed;
    if (is_lost) {
      (void)lose(session_->reason(), true);
    }
    return {is_lost ? Advance::Failed : Advance::Done, step.bytes};
  }
  msghdr message{};
  message.msg_iov = rest.data();
  message.msg_iovlen = count;
  ssize_t wrote = ::sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (wrote >= 0) {
    return {Advance::Done, static_cast<size_t>(wrote)};
  }
  bool is_lost = errno != EAGAIN && errno != EINTR;
  if (is_lost) {
    (void)lose(std::strerror(errno), true);
  }
  return {is_lost ? Advance::Failed : Advance::Done, 0};
}

Written Outgoing::write(std::span<const iovec> parts, int64_t until) {
  size_t total = 0;
  for (const iovec& part : parts) {
    total += part.iov_len;
  }
  size_t done = 0;
  while (done < total) {
    Written some = write_some(parts, done);
    if (some.advance == Advance::Failed) {
      return {Advance::Failed, done};
    }
    done += some.bytes;
    if (some.bytes > 0) {
      continue;
    }
    if (monotonic_ns() >= until) {
      reason_ = endpoint_.text() + ": the peer takes nothing; " + show_size(unacknowledged()) + " are on their way";
      return {Advance::Pending, done};
    }
    (void)wait(static_cast<short>(wanted_ | POLLIN | POLLRDHUP), until);
    if (!look()) {
      return {Advance::Failed, done};
    }
  }
  return {Advance::Done, done};
}

// A unix socket whose peer dies has an empty queue, too: what was not read is thrown away.
uint64_t Outgoing::unacknowledged() const {
  if (endpoint_.is_unix() && is_reset_) {
    return UINT64_MAX;
  }
  int bytes = 0;
  return ::ioctl(fd_.get(), SIOCOUTQ, &bytes) == 0 && bytes >= 0 ? static_cast<uint64_t>(bytes) : UINT64_MAX;
}

Advance Outgoing::wait_acknowledged(int64_t until) {
  for (int64_t pause = shortest_pause; unacknowledged() > 0; pause = std::min(pause * 2, longest_pause)) {
    int64_t now = monotonic_ns();
    if (now >= until) {
      reason_ = endpoint_.text() + ": the peer has not acknowledged " + show_size(unacknowledged());
      return Advance::Pending;
    }
    (void)wait(POLLIN | POLLRDHUP, std::min(until, now + pause));
    if (!look()) {
      break;
    }
  }
  bool is_known = !endpoint_.is_unix() || look() || !is_reset_;
  return is_known && unacknowledged() == 0 ? Advance::Done : Advance::Failed;
}

std::string Outgoing::peer() const {
  return address_.text() + (session_ ? " over " + session_->version() : "");
}

}  // namespace stook
