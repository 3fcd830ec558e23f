// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Unsigned words in network order at any address.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace stook {

/// The value with its bytes in the other order.
template <class U>
constexpr U swapped(U value) {
  if constexpr (sizeof(U) == 2) {
    return __builtin_bswap16(value);
  } else if constexpr (sizeof(U) == 4) {
    return __builtin_bswap32(value);
  } else if constexpr (sizeof(U) == 8) {
    return __builtin_bswap64(value);
  }
  return value;
}

/// Writes the value and returns the end.
template <class U>
char* put_big(char* to, U value) {
  if constexpr (std::endian::native == std::endian::little) {
    value = swapped(value);
  }
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}

/// The value at these bytes.
template <class U>
U big(const char* at) {
  U value;
  std::memcpy(&value, at, sizeof value);
  if constexpr (std::endian::native == std::endian::little) {
    value = swapped(value);
  }
  return value;
}

}  // namespace stook
