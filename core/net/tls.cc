// SPDX-License-Identifier: Apache-2.0
#include "core/net/tls.hh"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "core/base/status.hh"
#include "core/net/tls_words.hh"

namespace stook {

/// Bytes between OpenSSL and the descriptor, by send and recv: OpenSSL's own way knows only write, which raises
/// SIGPIPE.
struct TlsWire {
  static TlsSession& session(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

  static bool is_for_later(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

  static int read(BIO* bio, char* to, int size) {
    TlsSession& self = session(bio);
    BIO_clear_retry_flags(bio);
    ssize_t got = ::recv(self.fd_, to, static_cast<size_t>(size), MSG_DONTWAIT);
    if (got > 0) {
      self.received_ += static_cast<uint64_t>(got);
    } else if (got < 0 && is_for_later(errno)) {
      BIO_set_retry_read(bio);
    } else {
      self.error_ = got < 0 ? errno : 0;
      self.is_at_end_ = got == 0;
    }
    return static_cast<int>(got);
  }

  static int write(BIO* bio, const char* from, int size) {
    TlsSession& self = session(bio);
    BIO_clear_retry_flags(bio);
    ssize_t put = ::send(self.fd_, from, static_cast<size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && is_for_later(errno)) {
      BIO_set_retry_write(bio);
    } else if (put < 0) {
      self.error_ = errno;
    }
    return static_cast<int>(put);
  }

  static long control(BIO* bio, int command, long, void*) {
    return command == BIO_CTRL_FLUSH || (command == BIO_CTRL_EOF && session(bio).is_at_end_) ? 1 : 0;
  }

  static BIO_METHOD* make() {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stook socket");
    BIO_meth_set_read(method, read);
    BIO_meth_set_write(method, write);
    BIO_meth_set_ctrl(method, control);
    return method;
  }

  static int asked_for_certificate(SSL*, void* session) {
    static_cast<TlsSession*>(session)->was_asked_ = true;
    return 1;
  }
};

TlsSession::TlsSession(ssl_ctx_st* context, int fd, TlsRole role) : fd_(fd), role_(role) {
  static BIO_METHOD* const method = TlsWire::make();  // one for the process, never freed
  ERR_clear_error();
  ssl_ = SSL_new(context);
  BIO* bio = ssl_ == nullptr ? nullptr : BIO_new(method);
  if (bio == nullptr) {
    SSL_free(ssl_);
    throw SetupError("OpenSSL gives no session: " + tls_error_words());
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  if (role == TlsRole::Client) {
    SSL_set_connect_state(ssl_);
    SSL_set_cert_cb(ssl_, TlsWire::asked_for_certificate, this);
  } else {
    SSL_set_accept_state(ssl_);
  }
}

TlsSession::~TlsSession() {
  SSL_free(ssl_);
}

void TlsSession::demand(const std::string& name, bool is_verified) {
  name_ = name;
  unsigned char address[sizeof(in6_addr)];
  bool is_address =
      ::inet_pton(AF_INET, name.c_str(), address) == 1 || ::inet_pton(AF_INET6, name.c_str(), address) == 1;
  if (!is_address && !name.empty()) {
    SSL_set_tlsext_host_name(ssl_, name.c_str());
  }
  if (!is_verified) {
    return;
  }
  SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  bool is_set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), name.c_str()) == 1
                           : !name.empty() && SSL_set1_host(ssl_, name.c_str()) == 1;
  if (!is_set) {
    throw SetupError("tls_name: there is no name that the peer could prove; give one, or set tls_verify = no");
  }
}

TlsStep TlsSession::fail(int error) {
  is_over_ = true;
  bool is_end = error == SSL_ERROR_ZERO_RETURN ||
                (error == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
  if (error == SSL_ERROR_ZERO_RETURN) {
    (void)SSL_shutdown(ssl_);  // the peer's goodbye is answered, if that goes at once
  }
  if (is_end) {
    reason_ = SSL_is_init_finished(ssl_) ? "the peer closed the connection"
                                         : "the peer closed the connection in the handshake";
    ERR_clear_error();
    return {TlsStatus::Closed};
  }
  TlsFault fault = tls_fault(ssl_, name_, error_);
  ERR_clear_error();
  reason_ = fault.words;
  is_refusal_ = fault.is_refusal;
  return {TlsStatus::Failed};
}

TlsStep TlsSession::step(int result, int error) {
  if (result > 0) {
    return {TlsStatus::Done, static_cast<size_t>(result)};
  }
  switch (error) {
    case SSL_ERROR_WANT_READ:
      return {TlsStatus::WantRead};
    case SSL_ERROR_WANT_WRITE:
      return {TlsStatus::WantWrite};
    default:
      return fail(error);
  }
}

TlsStep TlsSession::handshake() {
  if (is_over_) {
    return {TlsStatus::Failed};
  }
  ERR_clear_error();
  error_ = 0;
  int result = SSL_do_handshake(ssl_);
  return {step(result, SSL_get_error(ssl_, result)).status};
}

TlsStep TlsSession::read(char* to, size_t size) {
  if (is_over_) {
    return {TlsStatus::Closed};
  }
  ERR_clear_error();
  error_ = 0;
  int result = SSL_read(ssl_, to, static_cast<int>(std::min<size_t>(size, INT_MAX)));
  return step(result, SSL_get_error(ssl_, result));
}

TlsStep TlsSession::write(const char* from, size_t size) {
  if (is_over_) {
    return {TlsStatus::Closed};
  }
  ERR_clear_error();
  error_ = 0;
  int result = SSL_write(ssl_, from, static_cast<int>(std::min<size_t>(size, INT_MAX)));
  return step(result, SSL_get_error(ssl_, result));
}

size_t TlsSession::pending() const {
  return static_cast<size_t>(SSL_pending(ssl_));
}

void TlsSession::close() {
  if (!is_over_ && SSL_is_init_finished(ssl_)) {
    ERR_clear_error();
    (void)SSL_shutdown(ssl_);
    is_over_ = true;
  }
}

std::string TlsSession::version() const {
  return SSL_get_version(ssl_);
}

std::string TlsSession::peer() const {
  X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr) {
    return {};
  }
  BIO* text = BIO_new(BIO_s_mem());
  X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* bytes = nullptr;
  long size = BIO_get_mem_data(text, &bytes);
  std::string name(bytes, static_cast<size_t>(std::max(0L, size)));
  BIO_free(text);
  return name;
}

}  // namespace stook
