// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Taking connections within limits: how many there may be, how many from one address, and what becomes of peers
/// when there are no descriptors. Room: the source's front.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "core/api/source.hh"
#include "core/base/fd.hh"
#include "core/base/spare.hh"
#include "core/net/bound.hh"
#include "core/net/rows.hh"

namespace stook {

/// What came of a look at a listener. Taken: `fd` is the connection's, and it is counted until `release`. Refused: the peer was
/// one too many, or has gone; there may be others. None: nobody waits. Exhausted: there is no descriptor, or no memory; the
/// listener is not to be looked at for a second.
struct Accepted {
  enum class Step : uint8_t { Taken, Refused, None, Exhausted };
  Step step;
  Fd fd{};
  Peer peer{};
};

/// *Invariants:* `open_` and `groups_` count who was taken or admitted and not released.
/// *Rooms:* its source's front.
class Acceptor {
 public:
  /// So many connections, and so many of them from one address. Lifetime: refers to both.
  Acceptor(const uint64_t& connections, const uint64_t& per_address)
      : connections_(connections), per_address_(per_address) {}

  /// Before the first connection. Throws SetupError.
  void open() ROOM(front);
  void close() ROOM(front) { spare_.let_go(); }
  [[nodiscard]] Accepted accept(const BoundSocket& socket, Feed& feed) ROOM(front);
  /// Memory for the connection has run out: as when `accept` says Exhausted.
  void exhaust(const BoundSocket& socket, Feed& feed, int code) ROOM(front);
  /// A connection came with the socket.
  void admit(const Peer& peer) ROOM(front);
  /// A connection has gone.
  void release(const Peer& peer) ROOM(front);
  /// Nine tenths of what there may be.
  bool is_crowded() const { return open_ * 10 >= connections_ * 9; }

 private:
  bool is_refused(const Peer& peer, Feed& feed) ROOM(front);

  const uint64_t& connections_;
  const uint64_t& per_address_;
  std::unordered_map<std::string, uint64_t> groups_;
  uint64_t open_ = 0;
  Spare spare_;  // when there are no descriptors a peer gets it for a moment, and learns that it is not wanted
};

}  // namespace stook
