// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Little-endian words at any address, for the files of the spool.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "core/data/endian.hh"

namespace stook {

/// Writes the value at these bytes.
template <class U>
void put_little(char* to, U value) {
  if constexpr (std::endian::native == std::endian::big) {
    value = swapped(value);
  }
  std::memcpy(to, &value, sizeof value);
}

/// The value at these bytes.
template <class U>
U little(const char* from) {
  U value;
  std::memcpy(&value, from, sizeof value);
  if constexpr (std::endian::native == std::endian::big) {
    value = swapped(value);
  }
  return value;
}

}  // namespace stook
