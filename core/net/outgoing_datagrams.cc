// SPDX-License-Identifier: Apache-2.0
#include "core/net/outgoing_datagrams.hh"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/clock.hh"

namespace stook {

namespace {
/// The kernel has no room for a moment and no event for its end.
constexpr int64_t no_room_pause = 5'000'000;
/// The largest datagram of UDP over IPv4.
constexpr size_t largest_udp = 65'507;
/// An answer that nobody listens is there by then, unless its host is far.
constexpr int answer_ms = 250;
/// Linux gives one such answer a second to a host that has had several (icmp_ratelimit): sooner, silence means nothing.
constexpr int64_t refused_pause = 1'100'000'000;
}  // namespace

Advance OutgoingDatagrams::connect(int64_t until) {
  if (fd_) {
    return Advance::Done;
  }
  is_refusal_ = false;
  pause_ = 0;
  if (untried_ == 0) {
    Advance named = resolver_.ask(until);
    if (named != Advance::Done) {
      reason_ = resolver_.reason();
      return named;
    }
    untried_ = resolver_.addresses().size();
  }
  for (; untried_ > 0; turn_++) {
    untried_--;
    const SocketAddress& address = resolver_.addresses()[turn_ % resolver_.addresses().size()];
    is_doubted_ = !address.is_unix();
    Fd fd(::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd && ::connect(fd.get(), address.get(), address.length()) == 0) {
      fd_ = std::move(fd);
      return Advance::Done;
    }
    is_refusal_ = errno == EACCES || errno == EPERM || errno == EPROTOTYPE;
    const char* why = errno == EPROTOTYPE ? "its peer takes a stream and no datagrams" : std::strerror(errno);
    reason_ = "cannot connect to " + address.text() + ": " + why;
  }
  return Advance::Failed;
}

size_t OutgoingDatagrams::largest() const {
  int room = 0;
  socklen_t size = sizeof room;
  if (!endpoint_.is_unix() || ::getsockopt(fd_.get(), SOL_SOCKET, SO_SNDBUF, &room, &size) != 0 || room < 64) {
    return largest_udp;
  }
  return static_cast<size_t>(room) - 32;  // unix_dgram_sendmsg of the kernel keeps so much for itself
}

int OutgoingDatagrams::send(std::span<mmsghdr> datagrams) {
  size_t count = is_doubted_ ? std::min<size_t>(1, datagrams.size()) : datagrams.size();
  int sent = ::sendmmsg(fd_.get(), datagrams.data(), static_cast<unsigned>(count), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) {
    return -1;
  }
  errno = answer(count, static_cast<size_t>(sent));
  return errno == 0 ? sent : -1;
}

// Why what is said to be sent was not, as far as one can know; 0: nobody says so.
int OutgoingDatagrams::answer(size_t count, size_t sent) {
  if (endpoint_.is_unix() || count == 0) {
    return 0;
  }
  pollfd polled{fd_.get(), 0, 0};
  if (!is_doubted_) {
    // It ended early, and has room: the next datagram has an answer of its own to wait for.
    polled.events = POLLOUT;
    is_doubted_ = count > sent && ::poll(&polled, 1, 0) > 0;
    return 0;
  }
  int error = 0;
  socklen_t size = sizeof error;
  if (::poll(&polled, 1, answer_ms) > 0 && ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
      error != 0) {
    return error;
  }
  is_doubted_ = false;
  untried_ = 0;
  return 0;
}

Advance OutgoingDatagrams::fail(int error, int64_t until) {
  bool has_no_room = error == EAGAIN || error == ENOBUFS || error == ENOMEM;
  std::string at = SocketAddress::of(endpoint_) ? "" : " at " + SocketAddress::of_peer(fd_.get()).text();
  reason_ = endpoint_.text() + at + ": " + (error == EAGAIN ? "the peer reads nothing" : std::strerror(error));
  if (has_no_room) {
    pollfd polled{fd_.get(), static_cast<short>(error == EAGAIN ? POLLOUT : 0), 0};
    int64_t left = error == EAGAIN ? std::max<int64_t>(0, until - monotonic_ns()) : no_room_pause;
    timespec time{static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
    (void)::ppoll(&polled, 1, &time, nullptr);
    return Advance::Pending;
  }
  pause_ = error == ECONNREFUSED && !endpoint_.is_unix() ? refused_pause : 0;
  is_refusal_ = error == EACCES || error == EPERM || error == EMSGSIZE;
  fd_.reset();
  turn_++;
  return Advance::Failed;
}

}  // namespace stook
