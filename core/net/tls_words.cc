// SPDX-License-Identifier: Apache-2.0
#include "core/net/tls_words.hh"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <cstring>

namespace stook {

namespace {
/// What the peer says, or what this side met, by OpenSSL's reason.
struct TlsMeaning {
  int reason;
  bool is_refusal;
  const char* words;
};
constexpr TlsMeaning meanings[] = {
    {SSL_R_WRONG_VERSION_NUMBER, true, "the peer does not speak TLS"},
    {SSL_R_HTTP_REQUEST, true, "the peer speaks HTTP and not TLS"},
    {SSL_R_UNSUPPORTED_PROTOCOL, true, "the peer speaks only TLS older than tls_min"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, true, "the peer refuses this version of TLS"},
    {SSL_R_NO_SHARED_CIPHER, true, "both sides have no cipher in common"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, true,
     "the peer refuses the handshake: no cipher in common, or no client certificate"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, true, "the peer demands a client certificate; tls_cert names one"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, true, "the client shows no certificate"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, true, "the peer does not know the CA of the certificate in tls_cert"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, true, "the peer refuses the certificate shown to it"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, true, "the peer refuses the certificate shown to it"},
    {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, true, "the peer does not support the certificate shown to it"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, true, "the peer says that the certificate shown to it has expired"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, true, "the peer says that the certificate shown to it is revoked"},
    {SSL_R_TLSV1_ALERT_ACCESS_DENIED, true, "the peer denies access to the certificate shown to it"},
    {SSL_R_TLSV1_UNRECOGNIZED_NAME, true, "the peer does not know the name that it is called by"},
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, false, "the peer closed the connection in the handshake"},
    {SSL_R_TLSV1_ALERT_INTERNAL_ERROR, false, "the peer has met an error of its own"},
};

std::string quoted(const std::string& name) {
  return name.empty() ? "the peer" : "'" + name + "'";
}

// Why the peer's certificate is not believed.
std::string certificate_words(long verdict, const std::string& name) {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the certificate of " + quoted(name) + " has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the certificate of " + quoted(name) + " is not valid yet";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the certificate of the peer is not for " + quoted(name) + "; tls_name says another name";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "the certificate of " + quoted(name) + " is of an unknown CA (" + X509_verify_cert_error_string(verdict) +
             ")";
    default:
      return "the certificate of " + quoted(name) + " is not good: " + X509_verify_cert_error_string(verdict);
  }
}

const TlsMeaning* meaning_of(int reason) {
  for (const TlsMeaning& meaning : meanings) {
    if (meaning.reason == reason) {
      return &meaning;
    }
  }
  return nullptr;
}

std::string words_of(unsigned long error) {
  if (ERR_SYSTEM_ERROR(error)) {
    return std::strerror(ERR_GET_REASON(error));
  }
  const char* said = ERR_reason_error_string(error);
  return said == nullptr ? "no reason given" : said;
}
}  // namespace

std::string tls_error_words() {
  std::string words = words_of(ERR_peek_error());  // the oldest is the cause
  ERR_clear_error();
  return words;
}

TlsFault tls_alert_fault(int alert) {
  int description = alert & 0xff;
  if (description == SSL_AD_CLOSE_NOTIFY || description == SSL_AD_USER_CANCELLED) {
    return {{}, false};
  }
  const TlsMeaning* meaning = meaning_of(SSL_AD_REASON_OFFSET + description);
  return meaning != nullptr ? TlsFault{meaning->words, meaning->is_refusal}
                            : TlsFault{std::string("the peer says: ") + SSL_alert_desc_string_long(alert), false};
}

TlsFault tls_fault(const ssl_st* ssl, const std::string& name, int error) {
  unsigned long code = ERR_peek_error();
  int reason = ERR_GET_REASON(code);
  bool is_of_tls = ERR_GET_LIB(code) == ERR_LIB_SSL;
  if (is_of_tls && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return {certificate_words(SSL_get_verify_result(ssl), name), true};
  }
  if (const TlsMeaning* meaning = is_of_tls ? meaning_of(reason) : nullptr) {
    return {meaning->words, meaning->is_refusal};
  }
  if (code == 0 || ERR_SYSTEM_ERROR(code)) {
    return {error == 0 ? "the peer closed the connection" : std::strerror(error), false};
  }
  return {words_of(code), false};
}

}  // namespace stook
