// SPDX-License-Identifier: Apache-2.0
#include "core/net/tls_verdict.hh"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <ctime>
#include <utility>

#include "core/base/clock.hh"

namespace stook {

namespace {
/// How long a peer that asked for our certificate has to say no to it by closing the connection.
constexpr int64_t verdict_most = 1'000'000'000;
/// For so long we listen before the first byte is sent: a write that fails would hide what the peer has said.
constexpr int64_t verdict_least = 100'000'000;
constexpr timespec pause{0, 2'000'000};
}  // namespace

/// OpenSSL's callbacks.
struct TlsVerdict::Ear {
  static int asked_for_certificate(SSL* session, void* verdict) {
    auto& self = *static_cast<TlsVerdict*>(verdict);
    self.was_asked_ = true;
    self.has_shown_ = SSL_get_certificate(session) != nullptr;
    return 1;
  }

  static void told(const SSL* session, int where, int value) {
    auto& self = *static_cast<TlsVerdict*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
    uint64_t received = BIO_number_read(SSL_get_rbio(session));
    if (where == SSL_CB_HANDSHAKE_START) {
      self.forget();
    } else if (where == SSL_CB_HANDSHAKE_DONE) {
      self.shaken_at_ = monotonic_ns();
      self.received_then_ = received;
      self.has_spoken_ = SSL_version(session) != TLS1_3_VERSION;  // there its word is part of the handshake
    } else if (where == SSL_CB_READ_ALERT) {
      self.fault_ = tls_alert_fault(value);
      self.has_spoken_ = true;
    } else if (where == SSL_CB_CONNECT_EXIT && value > 0) {
      self.has_spoken_ = self.has_spoken_ || received > self.received_then_;
      if (self.was_asked_ && !std::exchange(self.has_listened_, true)) {
        self.listen(const_cast<SSL*>(session));
      }
    } else if (where == SSL_CB_CONNECT_EXIT && self.fault_.words.empty() && ERR_peek_error() != 0) {
      self.fault_ = tls_fault(session, self.name_, 0);
    }
  }
};

void TlsVerdict::watch(ssl_ctx_st* context) {
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_cert_cb(context, Ear::asked_for_certificate, this);
  SSL_CTX_set_info_callback(context, Ear::told);
}

// The handshake is done but for its return to the driver, within whose call the session may read. What is no word on the
// certificate stays for the driver.
void TlsVerdict::listen(ssl_st* session) {
  int error = SSL_ERROR_WANT_READ;
  while (error == SSL_ERROR_WANT_READ && monotonic_ns() < shaken_at_ + verdict_least) {
    char byte = 0;
    int result = SSL_peek(session, &byte, 1);
    error = SSL_get_error(session, result);
    if (error == SSL_ERROR_WANT_READ) {
      ::nanosleep(&pause, nullptr);
    }
  }
  ERR_clear_error();
  bool is_over = error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ;
  if (is_over && fault_.words.empty()) {
    fault_ = closed();
  }
}

TlsFault TlsVerdict::closed() const {
  return {has_shown_ ? "the peer closed the connection once it had our certificate"
                     : "the peer closed the connection as it was shown no certificate; tls_cert names one",
          true};
}

void TlsVerdict::forget() {
  fault_ = {{}, false};
  was_asked_ = has_shown_ = has_spoken_ = has_listened_ = false;
  shaken_at_ = 0;
}

TlsFault TlsVerdict::fault(bool is_lost) const {
  bool is_soon = shaken_at_ != 0 && monotonic_ns() - shaken_at_ <= verdict_most;
  bool is_verdict = fault_.words.empty() && is_lost && is_soon && was_asked_ && !has_spoken_;
  return is_verdict ? closed() : fault_;
}

}  // namespace stook
