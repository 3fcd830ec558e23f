// SPDX-License-Identifier: Apache-2.0
/// Floor 1. UTF-8, read one character at a time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stook {

/// One step through text that should be UTF-8. Not valid: `size` bytes are the maximal part that begins no character
/// (Unicode 15, section 3.9, table 3-8).
struct Utf8Step {
  uint32_t code;
  uint32_t size;
  bool is_valid;
};

/// The character at `from`. REQUIRES: from < end.
inline Utf8Step read_utf8(const char* from, const char* end) {
  auto byte = [from](size_t i) { return uint32_t{static_cast<unsigned char>(from[i])}; };
  auto left = static_cast<size_t>(end - from);
  uint32_t lead = byte(0);
  if (lead < 0x80) {
    return {lead, 1, true};
  }
  if (lead < 0xc2 || lead > 0xf4) {
    return {0, 1, false};
  }
  uint32_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  // The second byte excludes overlong forms, surrogates and what is beyond U+10FFFF.
  uint32_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  uint32_t most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (left < 2 || byte(1) < least || byte(1) > most) {
    return {0, 1, false};
  }
  uint32_t code = (lead & (0x7fu >> size)) << 6 | (byte(1) & 0x3f);
  for (uint32_t i = 2; i < size; i++) {
    if (i >= left || (byte(i) & 0xc0) != 0x80) {
      return {0, i, false};
    }
    code = code << 6 | (byte(i) & 0x3f);
  }
  return {code, size, true};
}

/// Whether the character of this code is never written as it is: C1 controls, line and paragraph separator.
inline bool is_hidden_control(uint32_t code) {
  return (code >= 0x80 && code <= 0x9f) || code == 0x2028 || code == 0x2029;
}

}  // namespace stook
