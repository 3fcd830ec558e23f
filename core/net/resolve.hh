// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Names to addresses, for carriers: asked in a thread of its own, waited for no longer than the caller
/// likes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/room.hh"
#include "core/net/address.hh"

namespace stook {

/// How far a deed has come that may take longer than its caller can wait. Pending: ask again.
enum class Advance : uint8_t { Done, Pending, Failed };

/// Asks for the addresses of one endpoint, by getaddrinfo(3), which can be neither bounded nor interrupted: so a thread
/// asks, and is left behind when its answer is no longer wanted.
/// *Invariants:* at most one question of a resolver is out. *Rooms:* its owner's.
class Resolver {
 public:
  /// `socket_type`: SOCK_STREAM or SOCK_DGRAM.
  Resolver(Endpoint endpoint, int socket_type) : endpoint_(std::move(endpoint)), type_(socket_type) {}

  /// Asks, or goes on waiting, until `until` (ns, monotonic) at most. Done: `addresses` has at least one. Failed: the
  /// name has none, or nobody answered; the next call asks anew. The first failure of a name is logged.
  Advance ask(int64_t until) ROOM(carrier);
  /// In the order in which the system would try them.
  const std::vector<SocketAddress>& addresses() const { return addresses_; }
  /// What it waits for, or why it failed.
  const std::string& reason() const { return reason_; }

 private:
  struct Question;
  void begin();
  Advance finish();

  Endpoint endpoint_;
  int type_;
  std::shared_ptr<Question> question_;  // shared with the thread that asks: either may be the last to let go
  std::vector<SocketAddress> addresses_;
  std::string reason_;
  bool is_known_bad_ = false;
};

}  // namespace stook
