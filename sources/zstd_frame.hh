// SPDX-License-Identifier: Apache-2.0
/// What may begin a frame of zstd (RFC 8878, section 3.1).
#pragma once

namespace stook {

/// Its first byte: of a frame, or of one that is skipped. The library takes formats from before the first release too, by
/// decoders that nobody keeps any more and that know no limit for the window; each of those begins with another byte.
constexpr bool may_begin_zstd_frame(char first) {
  return first == 0x28 || (first & 0xf0) == 0x50;
}

}  // namespace stook
