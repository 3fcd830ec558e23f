// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. TLS on descriptors that do not block. OpenSSL is known to the files named tls only.
///
/// TLS 1.2 and 1.3, no renegotiation, no early data, no compression; of TLS 1.3 no session tickets, unless clients have to show
/// a certificate. A write to a peer that has gone is an answer here and never SIGPIPE. *Rooms:* a context and its sessions
/// belong to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/net/tls_config.hh"

struct ssl_ctx_st;
struct ssl_st;

namespace stook {

/// How a step on a session ended. WantRead, WantWrite: call the same again once the descriptor is readable or writable.
/// Closed: the peer has ended the connection, in order or not. Failed: the session is of no use any more; `reason`
/// says why.
enum class TlsStatus : uint8_t { Done, WantRead, WantWrite, Closed, Failed };

struct TlsStep {
  TlsStatus status;
  /// Read or written, with Done.
  size_t bytes = 0;
};

class TlsSession;

/// Certificates, keys and rules, loaded.
class TlsContext {
 public:
  /// Loads the files. Throws SetupError with a sentence that names the option, the file and the reason. A key that
  /// others than its owner and group may read, or others than its owner may write, is refused; so is a server without
  /// a certificate.
  TlsContext(const TlsConfig& config, TlsRole role);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// Loads the files again when one of them has changed, for sessions that begin from now on. Empty, or in one sentence
  /// why what was loaded before stays in use.
  std::string reload();
  /// How often `reload` has found something new.
  uint64_t reloads() const { return reloads_; }
  /// Gives the certificate, its key and the CAs of `tls_ca` to a client's context that somebody else drives, in place of
  /// what it has. False: memory runs out.
  [[nodiscard]] bool lend(ssl_ctx_st* to) const;

  /// A session on a connected descriptor, which stays the caller's and has to outlive it. A client's peer has to prove
  /// `host`, unless `tls_name` names another or `tls_verify` is off. Throws SetupError when memory runs out.
  std::unique_ptr<TlsSession> session(int fd, std::string_view host = {}) const;

 private:
  struct Files;
  const TlsConfig config_;
  TlsRole role_;
  std::unique_ptr<Files> files_;  // as they were when they were loaded
  ssl_ctx_st* context_ = nullptr;
  uint64_t reloads_ = 0;
};

/// Loads a sink's files again, and logs what came of it: `certificates_reloaded` or `certificates_kept`. True when they are
/// others from now on. `tls` is null without TLS.
bool reload_certificates(TlsContext* tls, std::string_view instance);

/// One connection. *Invariants:* after Failed or Closed nothing is sent any more but the answer to the peer's goodbye, which
/// is sent with Closed.
class TlsSession {
 public:
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Goes on with the handshake. Done: bytes may flow.
  TlsStep handshake();
  /// At most `size` bytes. REQUIRES: the handshake is done.
  TlsStep read(char* to, size_t size);
  /// Some of the bytes, at least one with Done. After WantRead or WantWrite the same bytes have to come first again.
  /// REQUIRES: the handshake is done; size > 0.
  TlsStep write(const char* from, size_t size);
  /// Decrypted bytes that `read` gives without looking at the descriptor, which may stay silent about them.
  size_t pending() const;
  /// Tells the peer that no more comes, if that goes at once.
  void close();

  /// Of the last Failed or Closed, in words: `the certificate of logs.example has expired`.
  const std::string& reason() const { return reason_; }
  /// Of the last Failed: the settings here or there are wrong, and asking again soon is of no use.
  bool is_refusal() const { return is_refusal_; }
  /// Whether the peer asked for our certificate: in TLS 1.3 its verdict comes after our handshake is done.
  bool was_asked_for_certificate() const { return was_asked_; }
  /// Bytes that came over the descriptor so far.
  uint64_t received() const { return received_; }
  /// The version that is spoken (`TLSv1.3`), and the subject of the peer's certificate, empty without one.
  std::string version() const;
  std::string peer() const;

 private:
  friend class TlsContext;
  friend struct TlsWire;
  TlsSession(ssl_ctx_st* context, int fd, TlsRole role);
  void demand(const std::string& name, bool is_verified);
  TlsStep step(int result, int error);
  TlsStep fail(int error);

  ssl_st* ssl_ = nullptr;
  int fd_;
  TlsRole role_;
  int error_ = 0;           // of the last call on the descriptor that failed
  bool is_at_end_ = false;  // the peer sends no more
  bool is_over_ = false;
  bool is_refusal_ = false;
  bool was_asked_ = false;
  uint64_t received_ = 0;
  std::string name_;  // whom the peer has to be
  std::string reason_;
};

}  // namespace stook
