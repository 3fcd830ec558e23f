// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. A connection that a sink makes: from the name to bytes that flow, plain or over TLS, for carriers.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/base/fd.hh"
#include "core/base/room.hh"
#include "core/net/dial.hh"
#include "core/net/resolve.hh"
#include "core/net/tls.hh"

namespace stook {

/// Bytes written, and whether all that was asked for are (Done), more time is needed (Pending), or the connection is
/// lost.
struct Written {
  Advance advance;
  size_t bytes;
};

/// One peer, connected to and lost as often as it takes. A peer that lets bytes wait is waited for as long as its
/// kernel answers; one that has been silent for three minutes while bytes are on their way is lost. No call waits
/// beyond its `until` (ns, monotonic); a call that was Pending is repeated to go on. *Invariants:* after Failed the
/// connection is closed by `close` before anything else, so that `unacknowledged` can still be asked. *Rooms:* its
/// owner's.
class Outgoing {
 public:
  /// `time_out` (ns): for connecting, and again for the handshake of TLS. `tls` is null for plain bytes.
  Outgoing(const Endpoint& endpoint, std::unique_ptr<TlsContext> tls, int64_t time_out);
  ~Outgoing();

  /// Resolves, connects, shakes hands. With Failed nothing is left of the attempt, and `reason` says why.
  Advance connect(int64_t until) ROOM(carrier);
  bool is_up() const { return is_up_; }

  /// Whether the peer is still there, before anything is written: takes what it has sent, which is of no interest.
  /// False: it has ended the connection, or sends what TLS cannot read.
  bool look() ROOM(carrier);
  /// What the peer sends is of interest: it is appended here by whatever looks at the connection, up to 1 MiB.
  void keep_received(std::string* to) { kept_ = to; }
  /// Waits until the peer has sent something, and takes it. Pending: it has sent nothing by then.
  Advance receive(int64_t until) ROOM(carrier);
  /// Writes. After Pending the same bytes come first again, but for those that are written.
  Written write(std::span<const iovec> parts, int64_t until) ROOM(carrier);
  /// How many bytes, those of TLS included, the peer's kernel has not acknowledged; of a unix socket, how much memory
  /// the bytes take that the peer has not read. UINT64_MAX: nobody knows.
  uint64_t unacknowledged() const ROOM(carrier);
  /// Waits until there are none.
  Advance wait_acknowledged(int64_t until) ROOM(carrier);
  /// Whether `unacknowledged` counts just the bytes that were written: plain TCP.
  bool is_exact() const { return tls_ == nullptr && !endpoint_.is_unix(); }
  /// Ends the connection; what the kernel has is still sent.
  void close() ROOM(carrier);

  /// In one sentence: what it waits for, or why it failed.
  const std::string& reason() const { return reason_; }
  /// Of the last Failed: settings are wrong, here or at the peer.
  bool is_refusal() const { return is_refusal_; }
  /// To whom it is connected, and how: `127.0.0.1:6514 over TLSv1.3`.
  std::string peer() const;
  /// The certificates in use; null without TLS.
  TlsContext* tls() const { return tls_.get(); }

 private:
  Advance shake_hands(int64_t until) ROOM(carrier);
  Advance await_verdict(int64_t until) ROOM(carrier);
  Advance fail(const std::string& reason, bool is_refusal = false) ROOM(carrier);
  std::string named_reason(const std::string& reason) const;
  bool wait(short events, int64_t until) const;
  bool lose(const std::string& reason, bool is_reset) ROOM(carrier);
  Advance hold_on(const std::string& why) ROOM(carrier);
  bool is_silent() const;
  bool drain() ROOM(carrier);
  void keep(const char* bytes, size_t size);
  bool drain_tls() ROOM(carrier);
  Written write_some(std::span<const iovec> parts, size_t done) ROOM(carrier);

  Endpoint endpoint_;
  std::unique_ptr<TlsContext> tls_;
  int64_t time_out_;
  Resolver resolver_;
  std::optional<Dialer> dialer_;
  SocketAddress address_;
  Fd fd_;
  std::unique_ptr<TlsSession> session_;
  int64_t shaking_since_ = 0;
  int64_t shaken_at_ = 0;       // when the handshake was done, and
  uint64_t received_then_ = 0;  // how much had come by then
  short wanted_ = 0;            // what a write waits for
  bool is_up_ = false;
  bool is_reset_ = false;  // the connection was lost without an end in order
  bool is_refusal_ = false;
  std::string* kept_ = nullptr;
  std::string reason_;
};

}  // namespace stook
