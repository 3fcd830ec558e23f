// SPDX-License-Identifier: Apache-2.0
/// Values as ulogd's GPRINT and OPRINT write them.
#pragma once

#include "core/data/batch.hh"
#include "core/data/payload.hh"

namespace stook {

/// Whether such a text shows values of this type: bytes and objects it does not.
inline bool is_shown(const Cell& cell) {
  return cell.type != Type::Bytes && cell.type != Type::Object && cell.type != Type::Null;
}
/// Booleans are 0 and 1, text has its control characters escaped, all others are as in patterns. REQUIRES: is_shown.
void append_ulogd_value(Payload& out, const Cell& cell);

}  // namespace stook
