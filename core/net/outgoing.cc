// SPDX-License-Identifier: Apache-2.0
#include "core/net/outgoing.hh"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/clock.hh"
#include "core/base/text.hh"

namespace stook {

namespace {
/// Pauses between two looks at what is not acknowledged: no event tells.
constexpr int64_t shortest_pause = 20'000;
constexpr int64_t longest_pause = 5'000'000;
constexpr size_t most_parts = 64;
/// The kernel asks a peer that takes nothing at least each two minutes (TCP_RTO_MAX), and an idle one each minute.
constexpr uint32_t silent_ms = 180'000;
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

bool Outgoing::drain() {
  char bytes[16384];
  for (;;) {
    ssize_t got = ::recv(fd_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (got == 0) {
      return lose(gone, false);
    }
    if (got < 0 && errno != EINTR) {
      return errno == EAGAIN || lose(std::strerror(errno), true);
    }
    keep(bytes, got > 0 ? static_cast<size_t>(got) : 0);
  }
}

bool Outgoing::drain_tls() {
  char bytes[16384];
  for (;;) {
    TlsStep step = session_->read(bytes, sizeof bytes);
    if (step.status == TlsStatus::Closed || step.status == TlsStatus::Failed) {
      return lose(session_->reason().empty() ? gone : session_->reason(), false);
    }
    if (step.status != TlsStatus::Done) {
      return true;
    }
    keep(bytes, step.bytes);
  }
}

void Outgoing::keep(const char* bytes, size_t size) {
  constexpr size_t most = 1 << 20;
  if (kept_ != nullptr && kept_->size() < most) {
    kept_->append(bytes, size);
  }
}

Advance Outgoing::receive(int64_t until) {
  size_t before = kept_->size();
  // What the session holds already the descriptor does not tell of.
  if ((session_ && session_->pending() > 0 && !drain_tls()) || !look()) {
    return Advance::Failed;
  }
  if (kept_->size() == before) {
    (void)wait(POLLIN | POLLRDHUP, until);
    if (!look()) {
      return Advance::Failed;
    }
  }
  return kept_->size() > before ? Advance::Done : Advance::Pending;
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

bool Outgoing::is_silent() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  return !endpoint_.is_unix() && ::getsockopt(fd_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
         info.tcpi_last_ack_recv >= silent_ms;
}

// More time is needed, unless there is nobody any more.
Advance Outgoing::hold_on(const std::string& why) {
  if (is_silent()) {
    (void)lose("the peer has been silent for three minutes", true);
    return Advance::Failed;
  }
  reason_ = endpoint_.text() + ": " + why;
  return Advance::Pending;
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
      return {hold_on("the peer takes nothing; " + show_size(unacknowledged()) + " are on their way"), done};
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
      return hold_on("the peer has not acknowledged " + show_size(unacknowledged()));
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
