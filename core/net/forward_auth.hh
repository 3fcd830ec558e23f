// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The handshake of the Fluentd forward protocol v1: who knows the shared key proves it without saying it.
///
/// The server says `["HELO", {"nonce", "auth", "keepalive"}]`; the client `["PING", host, salt, SHA-512(salt host
/// nonce key), user, SHA-512(auth user password)]`; the server `["PONG", is_welcome, reason, host, SHA-512(salt host
/// nonce key)]`. Digests are written in lower-case hexadecimal. Without users `auth`, the user and the last digest of
/// PING are empty. https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1
#pragma once

#include <string>
#include <string_view>

namespace stook {

/// What a side of the handshake knows.
struct ForwardSecrets {
  std::string shared_key;
  std::string username;
  std::string password;
  /// Its own name.
  std::string host;
};

/// Bytes that nobody can guess. Throws SetupError.
std::string random_salt();

/// What a server sends first. `auth` is empty where no users are asked for.
std::string forward_helo(std::string_view nonce, std::string_view auth);

/// What a server makes of a PING: its PONG, and null or why the client is not welcome.
struct ForwardVerdict {
  std::string pong;
  const char* fault;
};
ForwardVerdict judge_ping(std::string_view ping, const ForwardSecrets& secrets, std::string_view nonce,
                          std::string_view auth);

/// What a client answers to a HELO; empty when that is none.
std::string forward_ping(std::string_view helo, const ForwardSecrets& secrets, std::string_view salt,
                         std::string& nonce);

/// Empty, or why a client does not go on after this PONG.
std::string judge_pong(std::string_view pong, const ForwardSecrets& secrets, std::string_view salt,
                       std::string_view nonce);

}  // namespace stook
