// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Takes a payload apart into its rows, and makes letters of them.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/api/letter_box.hh"
#include "core/data/payload.hh"

namespace stook {

/// Calls `take(row, rows, address, bytes)` for each row, or once for each part of a payload whose rows cannot be told
/// apart. `row` counts rows from the payload's first one, `rows` is how many this one stands for.
template <class Take>
void each_row(const Payload& payload, Take&& take) {
  size_t at = 0;
  size_t row = 0;
  bool has_ends = payload.row_ends().size() == payload.rows();
  for (size_t i = 0; i < payload.parts(); i++) {
    const Payload::Part& part = payload.part(i);
    if (!has_ends) {
      take(row, part.rows, std::string_view(part.address), payload.part_bytes(i));
      row += part.rows;
      continue;
    }
    for (size_t k = 0; k < part.rows; k++, row++) {
      size_t end = payload.row_ends()[row];
      take(row, size_t{1}, std::string_view(part.address), payload.bytes().substr(at, end - at));
      at = end;
    }
  }
}

/// Rows whose letters the box took, and rows for which it had no room.
struct Posted {
  size_t kept = 0;
  size_t full = 0;
};

/// Puts one letter for each row, or for each part of a payload whose rows cannot be told apart. `letter` says all but the
/// address, the rows and the bytes.
Posted post_rows(LetterBox& box, const Payload& payload, Letter letter);

}  // namespace stook
