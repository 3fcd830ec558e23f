// SPDX-License-Identifier: Apache-2.0
/// Floor 0. What a daemon tells its service manager, by the protocol of sd_notify(3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/fd.hh"

namespace stook {

/// Speaks to the socket that NOTIFY_SOCKET names; without one every call does nothing.
///
/// The protocol: each message is one datagram to a unix socket, lines `NAME=VALUE` with a newline between them. The socket
/// is named by an absolute path, or by `@` and a name of the abstract name space. Nothing is answered.
/// *Rooms:* main.
class Notify {
 public:
  /// Silent.
  Notify() = default;
  /// To this socket: `/path` or `@name`. Anything else is silent.
  explicit Notify(std::string_view socket_name);
  /// As NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID say. A process that a manager did not start is silent.
  static Notify from_environment();

  bool is_heard() const { return size_ > 0; }
  /// How long the manager waits between two `alive` before it takes the process for hung, in ns; 0: it does not look.
  int64_t watchdog() const { return watchdog_; }

  /// All is started, or a reload has ended. `status`: one line for people.
  void ready(std::string_view status);
  /// A reload begins. The next word must be `ready`.
  void reloading(std::string_view status);
  void stopping(std::string_view status);
  void status(std::string_view text);
  /// To be said at half of `watchdog`.
  void alive();

 private:
  // Waits for a full socket for at most `patience`, for a message that must not be lost; then drops it.
  void send(const std::string& lines, int64_t patience);

  std::string name_;  // as in sockaddr_un: an abstract name begins with a zero
  size_t size_ = 0;   // of the address; 0 is silent
  int64_t watchdog_ = 0;
  Fd fd_;
};

}  // namespace stook
