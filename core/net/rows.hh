// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The keys of rows that come from sockets, and how they are filled. Room: the source's front.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/api/plugin.hh"
#include "core/api/source.hh"
#include "core/net/address.hh"

namespace stook {

enum class NetKey : uint8_t {
  Message,
  Truncated,
  Partial,
  RecvTime,
  Id,
  PeerIp,
  PeerPort,
  PeerPid,
  PeerUid,
  PeerGid,
  Tag,
  Time,
  Record
};
inline constexpr size_t net_keys = 13;

/// Who sends: an address, and on unix sockets the process.
struct Peer {
  SocketAddress address;
  std::optional<ucred> process;

  /// For messages: `10.0.0.1:4711`, `pid 4711 of uid 0`.
  std::string text() const;
};

/// Puts values of network keys into bundles. *Rooms:* the source's front.
class NetRows {
 public:
  /// `keys`: those that the source has declared, in that order.
  explicit NetRows(std::span<const NetKey> keys);
  static void declare(Wiring& wiring, std::span<const NetKey> keys);

  /// Before the first row. Ids begin with the source and a number drawn now.
  void attach(Feed& feed) ROOM(front);
  Feed& feed() const { return *feed_; }
  /// Whether somebody reads the key.
  bool wants(NetKey key) const { return id_of(key) != no_key; }
  /// The key's column for writing; null when nobody reads it.
  Column* column(Bundle& bundle, NetKey key) const {
    KeyId id = id_of(key);
    return id == no_key ? nullptr : &bundle.writable(id);
  }
  /// Puts in the rows from `first` on who sent them.
  void put_peer(Bundle& bundle, size_t first, const Peer& peer) const;
  void put_time(Bundle& bundle, size_t first) const;
  /// Puts one row's id: of the source and the run, the number of its stream, and its position there.
  void put_id(Bundle& bundle, Row row, uint64_t stream, uint64_t position) const;

 private:
  KeyId id_of(NetKey key) const {
    int8_t at = places_[static_cast<size_t>(key)];
    return at < 0 ? no_key : feed_->out(static_cast<size_t>(at));
  }

  Feed* feed_ = nullptr;
  std::string id_;
  int8_t places_[net_keys];  // of the keys among those declared; -1: is none of them
};

}  // namespace stook
