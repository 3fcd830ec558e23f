// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What OpenSSL's errors mean, in words for people.
#pragma once

#include <string>

struct ssl_st;

namespace stook {

/// Why a handshake or a session failed: one phrase, and whether settings are wrong here or there.
struct TlsFault {
  std::string words;
  bool is_refusal;
};

/// Of the session's last error, which stays in OpenSSL's queue. `name` is whom the peer should be, or empty; `error` the
/// errno of the descriptor's last failed call, or 0.
TlsFault tls_fault(const ssl_st* ssl, const std::string& name, int error);

/// Of an alert that the peer has sent, as OpenSSL's info callback tells it. Without words: it says goodbye.
TlsFault tls_alert_fault(int alert);

/// OpenSSL's own words for the oldest error in its queue, the cause of the others. Empties the queue.
std::string tls_error_words();

}  // namespace stook
