// SPDX-License-Identifier: Apache-2.0
/// Floor 0. CRC-32C (Castagnoli, RFC 3720 B.4): what stook's own files are checked with.
#pragma once

#include <cstdint>
#include <string_view>

namespace stook {

/// The checksum of `bytes`, or with `before` of what came before and them: crc32c("ab") == crc32c("b", crc32c("a")).
/// Cost: about 0.15 ns a byte where the processor has SSE4.2, 1 ns elsewhere.
uint32_t crc32c(std::string_view bytes, uint32_t before = 0);

/// The same without the processor's help; tests compare the two.
uint32_t crc32c_by_table(std::string_view bytes, uint32_t before = 0);

}  // namespace stook
