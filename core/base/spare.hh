// SPDX-License-Identifier: Apache-2.0
/// Floor 0. A descriptor that is held to be there when the process has no other left.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "core/base/fd.hh"

namespace stook {

/// *Rooms:* its owner's.
class Spare {
 public:
  /// Holds one, if there is one to be had.
  bool hold() {
    if (!fd_) {
      fd_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
    return static_cast<bool>(fd_);
  }
  void let_go() { fd_.reset(); }

  /// As accept4(2) for a connection that does not block, which gets the spare one when all others are in use. It is held
  /// again at the next call for which there is one.
  Fd accept(int listening) {
    hold();
    Fd taken = take(listening);
    if (!taken && (errno == EMFILE || errno == ENFILE) && fd_) {
      let_go();
      taken = take(listening);
    }
    return taken;
  }

 private:
  static Fd take(int listening) { return Fd(::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)); }

  Fd fd_;
};

}  // namespace stook
