// SPDX-License-Identifier: Apache-2.0
/// Where a codec writes: room taken from a payload, kept in two registers while rows are written.
#pragma once

#include <cstddef>

#include "core/data/payload.hh"

namespace stook {

/// Where the next byte goes, and the end of the room.
struct Space {
  char* to;
  char* end;
  size_t left() const { return static_cast<size_t>(end - to); }
};

/// Commits what was written up to `to`, and takes room for `need` bytes and a few rows more.
inline Space next_space(Payload& payload, char* to, size_t need) {
  constexpr size_t ahead = 4096;
  payload.commit(to);
  to = payload.room(need + ahead);
  return {to, to + need + ahead};
}

}  // namespace stook
