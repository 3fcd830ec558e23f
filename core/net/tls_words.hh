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

/// Of the session's last error. `name` is whom the peer should be, or empty; `error` the errno of the descriptor's last
/// failed call, or 0. Empties OpenSSL's queue of errors.
TlsFault tls_fault(ssl_st* ssl, const std::string& name, int error);

/// OpenSSL's own words for the oldest error in its queue, the cause of the others. Empties the queue.
std::string tls_error_words();

}  // namespace stook
