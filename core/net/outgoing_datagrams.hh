// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. A socket for the datagrams of a sink, to one of its peer's addresses at a time, for carriers.
///
/// What goes to a unix socket is with the peer once the kernel has taken it; of UDP nobody ever learns whether it came,
/// only sometimes that it did not: a host may answer, a moment later, that nobody listens. The kernel hands that answer
/// to the next call once, in place of a datagram, and sendmmsg(2) keeps it to itself when a datagram went before. So the
/// first datagram to an address goes alone and waits for an answer.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/base/fd.hh"
#include "core/base/room.hh"
#include "core/net/address.hh"
#include "core/net/resolve.hh"

namespace stook {

/// *Invariants:* while `has_another` nothing is lost yet: an address that refuses is followed by the next one. *Rooms:*
/// its owner's.
class OutgoingDatagrams {
 public:
  explicit OutgoingDatagrams(const Endpoint& endpoint) : endpoint_(endpoint), resolver_(endpoint, SOCK_DGRAM) {}

  /// Resolves the name and has a socket for one of its addresses. Pending: `until` (ns, monotonic) has come before.
  /// Failed, Pending: `reason` says why.
  Advance connect(int64_t until) ROOM(carrier);
  bool is_up() const { return static_cast<bool>(fd_); }
  /// There is an address that was not tried since the last datagram which nobody refused.
  bool has_another() const { return untried_ > 0; }
  /// The largest datagram in bytes that the kernel takes.
  size_t largest() const ROOM(carrier);

  /// How many of them were sent, the first ones; -1 and errno as of sendmmsg(2). REQUIRES: is_up.
  int send(std::span<mmsghdr> datagrams) ROOM(carrier);
  /// After a send that failed with `error`: waits until `until` for room, if that is all there is to wait for (Pending);
  /// else closes the socket and goes on to the next address (Failed). `reason` says why in each case.
  Advance fail(int error, int64_t until) ROOM(carrier);
  void close() ROOM(carrier) { fd_.reset(); }

  /// Why it failed, or what it waits for, in one sentence.
  const std::string& reason() const { return reason_; }
  /// Of the last Failed: settings are wrong.
  bool is_refusal() const { return is_refusal_; }
  /// Of the last Failed: how long (ns) until it makes sense to try again; 0: the caller may choose.
  int64_t pause() const { return pause_; }

 private:
  int answer(size_t count, size_t sent) ROOM(carrier);

  Endpoint endpoint_;
  Resolver resolver_;
  Fd fd_;
  size_t turn_ = 0;          // which of the addresses is in use, or comes next
  size_t untried_ = 0;       // so many of them may be tried before anybody is told
  bool is_doubted_ = false;  // the next datagram goes alone, and its answer is waited for
  bool is_refusal_ = false;
  int64_t pause_ = 0;
  std::string reason_;
};

}  // namespace stook
