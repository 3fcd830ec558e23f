// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Connects to the first of some addresses that answers, for carriers: happy eyeballs, RFC 8305.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/fd.hh"
#include "core/base/room.hh"
#include "core/net/address.hh"
#include "core/net/resolve.hh"

namespace stook {

/// The families take turns, the first address's own first; what comes within a family keeps its order. RFC 8305,
/// section 4.
std::vector<SocketAddress> interleave_families(const std::vector<SocketAddress>& addresses);

/// One attempt to connect: to each address in turn, a quarter of a second after the one before or as soon as that
/// failed, all at once from then on, until one answers. The descriptor does not block, does not wait to fill
/// segments, and asks a silent peer for signs of life. *Rooms:* its owner's.
class Dialer {
 public:
  static constexpr int64_t stagger = 250'000'000;

  /// `time_out` (ns) is for all addresses together and begins now.
  Dialer(const std::vector<SocketAddress>& addresses, int64_t time_out);

  /// Goes on until `until` (ns, monotonic) at most. Failed stays so.
  Advance go_on(int64_t until) ROOM(carrier);
  /// Once Done: the connected descriptor, and to whom.
  Fd take() { return std::move(answered_); }
  const SocketAddress& address() const { return address_; }
  /// Whom it waits for, or why each address failed.
  std::string reason() const;
  /// The errno of the last failure.
  int code() const { return code_; }

 private:
  struct Attempt {
    Fd fd;
    SocketAddress address;
  };
  void begin_next(int64_t now);
  void look(int64_t until);
  void fail(const SocketAddress& address, int code);

  std::vector<SocketAddress> addresses_;
  size_t next_ = 0;
  int64_t next_at_ = 0;
  int64_t time_out_;
  int64_t deadline_;
  std::vector<Attempt> attempts_;
  Fd answered_;
  SocketAddress address_;
  std::string faults_;
  int code_ = 0;
  bool is_late_ = false;
};

}  // namespace stook
