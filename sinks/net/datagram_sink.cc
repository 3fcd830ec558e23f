// SPDX-License-Identifier: Apache-2.0
/// Rows as datagrams, one each: UDP, or a unix socket.
///
/// A row is delivered when the kernel has taken its datagram. That of a unix socket is with the peer then; of UDP
/// nobody ever learns whether it came, only sometimes that it did not: a host may answer, a moment later, that nobody
/// listens. The kernel hands that answer to the next call once, in place of a datagram, and sendmmsg(2) keeps it to
/// itself when a datagram went before. So the first row to an address goes alone and waits for an answer.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/clock.hh"
#include "core/base/fd.hh"
#include "core/net/resolve.hh"
#include "sinks/net/config.hh"
#include "sinks/net/offered.hh"
#include "sinks/net/patience.hh"

namespace stook {

namespace {
constexpr int64_t datagram_patience = 5'000'000'000;
constexpr int64_t datagram_soon = 1'000'000;
/// The kernel has no room for a moment and no event for its end.
constexpr int64_t no_room_pause = 5'000'000;
constexpr size_t most_at_once = 64;
/// The largest datagram of UDP over IPv4.
constexpr size_t largest_udp = 65'507;
/// An answer that nobody listens is there by then, unless its host is far.
constexpr int answer_ms = 250;
/// Linux gives one such answer a second to a host that has had several (icmp_ratelimit): sooner, silence means nothing.
constexpr int64_t refused_pause = 1'100'000'000;
constexpr char a_datagram[] = "a datagram";

/// *Invariants:* rows before `next_` of the shipment at hand are sent; while `untried_` counts addresses nothing is
/// lost. *Rooms:* its carrier.
class DatagramSink final : public Sink {
 public:
  DatagramSink(const SocketConfig& config, const Make& make)
      : config_(config),
        hurry_(make.hurry),
        frames_(RowFraming::Nul, make.is_binary),
        resolver_(config_.endpoint, SOCK_DGRAM) {}

  void open() override ROOM(carrier) {}

  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    retry_after_ = 0;
    bool is_old = static_cast<bool>(fd_);
    Outcome outcome = send(shipment);
    // Neither a socket whose peer has begun anew since the last delivery nor a name with more addresses is a reason to
    // wait.
    bool is_anew = is_old && config_.endpoint.is_unix();
    while (!fd_ && (std::exchange(is_anew, false) || untried_ > 0)) {
      outcome = send(shipment);
    }
    return outcome;
  }

  std::string reason() const override ROOM(carrier) { return reason_; }
  std::span<const RefusedRow> refused_rows() const override ROOM(carrier) { return refused_; }
  int64_t retry_after() const override ROOM(carrier) { return retry_after_; }
  void forget(Shipment) override ROOM(carrier) { offered_.forget(); }
  void close() override ROOM(carrier) { fd_.reset(); }

 private:
  struct Place {
    size_t payload = 0;
    size_t row = 0;
  };

  Outcome send(Shipment shipment) ROOM(carrier) {
    if (Outcome outcome = connect(); outcome != Outcome::Done) {
      return outcome;
    }
    if (!offered_.is(shipment)) {
      offered_.remember(shipment);
      next_ = {};
      refused_ = frames_.misfits(shipment, a_datagram);
    }
    Patience patient(hurry_, datagram_patience);
    while (next_.payload < shipment.size()) {
      size_t count = gather(shipment);
      int sent = ::sendmmsg(fd_.get(), messages_.data(), static_cast<unsigned>(count), MSG_DONTWAIT | MSG_NOSIGNAL);
      int error = sent < 0 ? errno : answer(count, static_cast<size_t>(sent));
      if (error == 0) {
        advance(shipment, count, static_cast<size_t>(sent));
        patient.renew();
      } else if (Outcome outcome = fail(error, shipment, patient); outcome != Outcome::Done) {
        return outcome;
      }
    }
    offered_.forget();
    reason_ = refused_.empty() ? "" : refused_.front().reason;
    return refused_.empty() ? Outcome::Done : Outcome::Refused;
  }

  Outcome connect() ROOM(carrier) {
    if (fd_) {
      return Outcome::Done;
    }
    if (untried_ == 0) {
      Advance named = resolver_.ask(Patience(hurry_, datagram_patience).slice());
      if (named != Advance::Done) {
        reason_ = resolver_.reason();
        retry_after_ = named == Advance::Pending ? datagram_soon : 0;
        return Outcome::Again;
      }
      untried_ = resolver_.addresses().size();
    }
    bool is_forbidden = false;
    for (; untried_ > 0; turn_++) {
      untried_--;
      const SocketAddress& address = resolver_.addresses()[turn_ % resolver_.addresses().size()];
      is_doubted_ = !address.is_unix();
      Fd fd(::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      if (fd && ::connect(fd.get(), address.get(), address.length()) == 0) {
        fd_ = std::move(fd);
        frames_.set_most(largest(address.is_unix()));
        return Outcome::Done;
      }
      is_forbidden = errno == EACCES || errno == EPERM || errno == EPROTOTYPE;
      const char* why = errno == EPROTOTYPE ? "its peer takes a stream and no datagrams" : std::strerror(errno);
      reason_ = "cannot connect to " + address.text() + ": " + why;
    }
    return is_forbidden ? Outcome::Misconfigured : Outcome::Again;
  }

  size_t largest(bool is_unix) const ROOM(carrier) {
    int room = 0;
    socklen_t size = sizeof room;
    if (!is_unix || ::getsockopt(fd_.get(), SOL_SOCKET, SO_SNDBUF, &room, &size) != 0 || room < 64) {
      return largest_udp;
    }
    return static_cast<size_t>(room) - 32;  // unix_dgram_sendmsg of the kernel keeps so much for itself
  }

  // Why what is said to be sent was not, as far as one can know; 0: nobody says so.
  int answer(size_t count, size_t sent) ROOM(carrier) {
    if (config_.endpoint.is_unix() || count == 0) {
      return 0;
    }
    pollfd polled{fd_.get(), 0, 0};
    if (!is_doubted_) {
      // It ended early, and has room: the next row has an answer of its own to wait for.
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

  // Rows from next_ on, of one payload, but for those that fit in no datagram.
  size_t gather(Shipment shipment) ROOM(carrier) {
    PayloadRows rows(*shipment[next_.payload]);
    size_t count = 0;
    size_t most = is_doubted_ ? 1 : most_at_once;
    for (gathered_ = next_.row; gathered_ < rows.size() && count < most; gathered_++) {
      if (!frames_.fits(rows[gathered_])) {
        continue;
      }
      std::string_view body = frames_.body(rows[gathered_]);
      parts_[count] = {const_cast<char*>(body.data()), body.size()};  // iovec serves reading calls too
      messages_[count] = {};
      messages_[count].msg_hdr.msg_iov = &parts_[count];
      messages_[count].msg_hdr.msg_iovlen = 1;
      rows_[count++] = gathered_;
    }
    return count;
  }

  // So many of those gathered are sent.
  void advance(Shipment shipment, size_t count, size_t sent) ROOM(carrier) {
    next_.row = sent < count ? rows_[sent] : gathered_;
    if (next_.row >= PayloadRows(*shipment[next_.payload]).size()) {
      next_ = {next_.payload + 1, 0};
    }
  }

  // Done: it may be tried once more.
  Outcome fail(int error, Shipment shipment, const Patience& patient) ROOM(carrier) {
    bool is_full = error == EAGAIN || error == ENOBUFS || error == ENOMEM;
    if (error == EINTR) {
      return Outcome::Done;
    }
    std::string at = SocketAddress::of(config_.endpoint) ? "" : " at " + SocketAddress::of_peer(fd_.get()).text();
    reason_ = config_.endpoint.text() + at + ": " + (error == EAGAIN ? "the peer reads nothing" : std::strerror(error));
    if (is_full && patient.is_over()) {
      retry_after_ = datagram_soon;
      return Outcome::Again;
    }
    if (is_full) {
      pollfd polled{fd_.get(), static_cast<short>(error == EAGAIN ? POLLOUT : 0), 0};
      int64_t left = error == EAGAIN ? std::max<int64_t>(0, patient.slice() - monotonic_ns()) : no_room_pause;
      timespec time{static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
      (void)::ppoll(&polled, 1, &time, nullptr);
      return Outcome::Done;
    }
    if (error == EMSGSIZE) {
      frames_.set_most(std::min(frames_.most(), parts_[0].iov_len - 1));
      refused_ = frames_.misfits(shipment, a_datagram);
      return Outcome::Done;
    }
    retry_after_ = error == ECONNREFUSED && !config_.endpoint.is_unix() ? refused_pause : 0;
    fd_.reset();
    turn_++;
    return error == EACCES || error == EPERM ? Outcome::Misconfigured : Outcome::Again;
  }

  const SocketConfig& config_;
  int hurry_;
  RowFrames frames_ OWNED(carrier);  // for their bodies
  Resolver resolver_ OWNED(carrier);
  Fd fd_ OWNED(carrier);
  size_t turn_ OWNED(carrier) = 0;          // which of the addresses is in use, or comes next
  size_t untried_ OWNED(carrier) = 0;       // so many of them may be tried before anybody is told
  bool is_doubted_ OWNED(carrier) = false;  // the next row goes alone, and its answer is waited for
  Offered offered_ OWNED(carrier);
  Place next_ OWNED(carrier);
  std::vector<RefusedRow> refused_ OWNED(carrier);  // of the shipment at hand: rows that are not sent
  size_t gathered_ OWNED(carrier) = 0;              // the row behind those that were looked at
  std::array<size_t, most_at_once> rows_ OWNED(carrier);
  std::array<iovec, most_at_once> parts_ OWNED(carrier);
  std::array<mmsghdr, most_at_once> messages_ OWNED(carrier);
  int64_t retry_after_ OWNED(carrier) = 0;
  std::string reason_ OWNED(carrier);
};
}  // namespace

std::unique_ptr<Sink> make_datagram_sink(const SocketConfig& config, const Make& make) {
  return std::make_unique<DatagramSink>(config, make);
}

}  // namespace stook
