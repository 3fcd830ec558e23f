// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Makes letters of a payload's rows.
#pragma once

#include <cstddef>

#include "core/api/letter_box.hh"
#include "core/data/payload.hh"

namespace stook {

/// Rows whose letters the box took, and rows for which it had no room.
struct Posted {
  size_t kept = 0;
  size_t full = 0;
};

/// Puts one letter for each row, or for each part of a payload whose rows cannot be told apart. `letter` says all but the
/// address, the rows and the bytes.
Posted post_rows(LetterBox& box, const Payload& payload, Letter letter);

}  // namespace stook
