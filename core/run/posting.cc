// SPDX-License-Identifier: Apache-2.0
#include "core/run/posting.hh"

namespace stook {

Posted post_rows(LetterBox& box, const Payload& payload, Letter letter) {
  Posted posted;
  auto put = [&](size_t rows, std::string_view bytes) {
    letter.rows = rows;
    letter.bytes = bytes;
    (box.put(letter) ? posted.kept : posted.full) += rows;
  };
  size_t at = 0;
  size_t row = 0;
  bool has_ends = payload.row_ends().size() == payload.rows();
  for (size_t i = 0; i < payload.parts(); i++) {
    const Payload::Part& part = payload.part(i);
    letter.address = part.address;
    if (!has_ends) {
      put(part.rows, payload.part_bytes(i));
      continue;
    }
    for (size_t k = 0; k < part.rows; k++, row++) {
      size_t end = payload.row_ends()[row];
      put(1, payload.bytes().substr(at, end - at));
      at = end;
    }
  }
  return posted;
}

}  // namespace stook
