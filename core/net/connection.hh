// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. One stream connection of a source: descriptor, TLS, who the peer is, and how far its bytes have been cut.
/// Room: the source's front.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/fd.hh"
#include "core/net/record_reader.hh"
#include "core/net/rows.hh"
#include "core/net/tls.hh"

namespace stook {

/// *Invariants:* the session refers to the descriptor and ends before it. An idle connection without TLS holds this
/// object and no buffer.
class Connection final : public Receiver {
 public:
  Connection(Fd fd, Peer peer_, uint64_t number_) : fd_(std::move(fd)), peer(std::move(peer_)), number(number_) {}

  int fd() const { return fd_.get(); }
  ssize_t receive(char* to, size_t size) override;
  /// The last `receive` filled all it was given: there may be more.
  bool got_all() const { return got_all_; }
  /// One step of the handshake. True once it is done.
  [[nodiscard]] bool shake_hands();
  /// Bytes are there that the descriptor does not tell of.
  bool has_pending() const { return reader->has_records() || is_ended_ || (session && session->pending() > 0); }
  /// Sends an answer: what the peer does not take at once is kept and goes on by `go_on_sending`. A peer that lets too
  /// much of it gather is cut off.
  void send(std::string_view bytes);
  void go_on_sending();
  bool has_to_send() const { return !unsent_.empty(); }
  /// Why the last `receive` or handshake failed, in words.
  std::string reason() const;

 private:
  Fd fd_;
  int error_ = 0;  // errno of the last receive without TLS
  bool got_all_ = false;
  bool is_ended_ = false;  // the session has ended behind the bytes that were received last
  std::string unsent_;     // of answers

 public:
  Peer peer;
  uint64_t number;
  std::unique_ptr<RecordReader> reader;
  std::unique_ptr<TlsSession> session;
  /// Which listener it came by, and its place among the server's connections.
  uint32_t listener = 0;
  uint32_t place = 0;
  /// When bytes came last, ns of the monotonic clock.
  int64_t active_at = 0;
  bool is_shaking_hands = false;
  bool has_failed = false;
  /// TLS: the next step waits until the descriptor is writable.
  bool wants_write = false;
  /// The server's epoll set tells when the descriptor is writable.
  bool is_write_watched = false;
  /// The peer has sent something.
  bool has_spoken = false;
  /// In the server's list of those to look at without an event.
  bool is_queued = false;
  /// Nothing more is read, but what has been becomes rows.
  bool is_dry = false;
  /// The peer has closed, or an error came: what is pending is flushed, then it goes.
  bool is_over = false;
};

}  // namespace stook
