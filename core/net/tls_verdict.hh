// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What became of TLS where somebody else drives it (libcurl), in the words of our own sessions.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "core/net/tls_words.hh"

struct ssl_ctx_st;
struct ssl_st;

namespace stook {

/// Listens to the sessions of contexts that are not ours, one session after the other. *Rooms:* its owner's.
class TlsVerdict {
 public:
  /// `name`: whom the peer has to be.
  explicit TlsVerdict(std::string name) : name_(std::move(name)) {}
  TlsVerdict(const TlsVerdict&) = delete;
  TlsVerdict& operator=(const TlsVerdict&) = delete;

  /// Listens to the sessions that the context makes, which must not outlive this.
  void watch(ssl_ctx_st* context);
  /// What was said so far is forgotten: another request begins.
  void forget();
  /// Why it failed; without words: not because of TLS. `is_lost`: the connection has ended before an answer.
  TlsFault fault(bool is_lost) const;

 private:
  struct Ear;
  void listen(ssl_st* session);
  TlsFault closed() const;

  std::string name_;
  TlsFault fault_{{}, false};
  bool was_asked_ = false;      // for a certificate, and
  bool has_shown_ = false;      // had one
  int64_t shaken_at_ = 0;       // when the handshake was done, and
  uint64_t received_then_ = 0;  // how much had come by then
  bool has_spoken_ = false;     // the peer has said more, as it does once it has looked at the certificate
  bool has_listened_ = false;   // for that
};

}  // namespace stook
