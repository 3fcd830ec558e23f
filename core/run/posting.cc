// SPDX-License-Identifier: Apache-2.0
#include "core/run/posting.hh"

namespace stook {

Posted post_rows(LetterBox& box, const Payload& payload, Letter letter) {
  Posted posted;
  each_row(payload, [&](size_t, size_t rows, std::string_view address, std::string_view bytes) {
    letter.address = address;
    letter.rows = rows;
    letter.bytes = bytes;
    (box.put(letter) ? posted.kept : posted.full) += rows;
  });
  return posted;
}

}  // namespace stook
