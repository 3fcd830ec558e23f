// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Sockets that a service manager has bound before it started stook, by the protocol of sd_listen_fds(3): whoever
/// listens at such an address takes the socket instead of binding one. Room: any; a mutex is taken when a source is started
/// or stopped.
///
/// The protocol: LISTEN_FDS says how many descriptors there are, from 3 on; LISTEN_PID says which process they are for;
/// LISTEN_FDNAMES names them, with colons between the names.
#pragma once

#include <optional>
#include <utility>

#include "core/base/fd.hh"
#include "core/net/address.hh"

namespace stook {

/// While it lives nobody else takes that socket.
class PassedUse {
 public:
  PassedUse() = default;
  explicit PassedUse(size_t place) : place_(place) {}
  PassedUse(PassedUse&& other) noexcept : place_(std::exchange(other.place_, none)) {}
  PassedUse& operator=(PassedUse&& other) noexcept {
    std::swap(place_, other.place_);
    PassedUse gone(std::move(other));
    return *this;
  }
  ~PassedUse();
  bool is_used() const { return place_ != none; }

 private:
  static constexpr size_t none = static_cast<size_t>(-1);
  size_t place_ = none;
};

/// A descriptor of its own for a passed socket, which does not block. The manager's stays open, so that peers wait when
/// nobody listens for a while.
struct PassedSocket {
  Fd fd;
  PassedUse use;
};

/// The socket that was passed for exactly this address and kind, and that nobody has; none: bind one. `*` is a socket of
/// IPv6 that takes IPv4 as well, `[::]` one that does not.
std::optional<PassedSocket> take_passed(const Endpoint& endpoint, bool is_stream);

/// Tells the log of sockets that were passed and that nobody uses, by `socket_unused`.
void log_unused_passed();

}  // namespace stook
