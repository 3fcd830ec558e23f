// SPDX-License-Identifier: Apache-2.0
/// Floor 5. Delivers letters to a sink of a configuration, as its carrier would.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/room.hh"
#include "core/plan/plan.hh"

namespace stook {

/// What became of the letters of a folder.
struct Replayed {
  uint64_t delivered = 0;
  uint64_t refused = 0;       // again: they stay
  uint64_t other_format = 0;  // the sink writes another one: they stay
  uint64_t unreadable = 0;
  std::string format;  // of the last letter with another one
};

/// Offers the letters of a folder, the oldest first, to the sink until each is taken or refused. Those that it takes are
/// noted as delivered every few hundred letters: a crash repeats these at the most. Files that are done with are removed.
/// Throws SetupError, and what the sink's plugin throws.
Replayed replay_letters(const std::string& folder, const Instance& sink) ROOM(carrier);

}  // namespace stook
