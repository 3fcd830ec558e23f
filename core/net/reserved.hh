// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Sockets that are bound before a process gives up the rights that this takes, for the sources that want them
/// later.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string_view>
#include <vector>

#include "core/net/bound.hh"

namespace stook {

/// *Invariants:* each is offered once; what nobody has taken when this is destroyed is closed, and its file removed.
/// *Rooms:* main.
class ReservedSockets {
 public:
  /// Binds. `owner`: as for BoundSocket. Throws SetupError.
  void bind(const Listening& listening, std::string_view owner);
  /// Gives the files of unix sockets to the user that the process becomes. Throws SetupError.
  void give_to(uid_t user, gid_t group);
  /// From here on sources take them. Only when all are bound: of several that share an address each binds its own.
  void offer();

 private:
  std::vector<std::unique_ptr<BoundSocket>> sockets_;
};

}  // namespace stook
