// SPDX-License-Identifier: Apache-2.0
/// Floor 1. The numbers and words of JSON (RFC 8259 sections 3 and 6), exactly.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/data/type.hh"

namespace stook::json {

/// The most digits that a number may have.
inline constexpr size_t max_digits = 4096;

/// Reads a number, `true`, `false` or `null`; all of the token must be used. Null, or the reason why not.
const char* read_plain(std::string_view token, Cell& cell);

/// All integers up to this one are doubles,
inline constexpr uint64_t exact_integers = uint64_t{1} << 53;
/// and so are these powers of ten.
inline constexpr double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Steps over all digits at `at` and puts them behind those in `value`. REQUIRES: 8 readable bytes behind them.
inline const char* take_digits(const char* at, uint64_t& value) {
  if constexpr (std::endian::native == std::endian::little) {
    // Eight at a time: how many of the bytes are digits, these moved to the end behind zeros, and three sums.
    constexpr uint64_t places[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    for (;;) {
      uint64_t word;
      std::memcpy(&word, at, sizeof word);
      word ^= 0x3030303030303030;
      uint64_t others = (word | (word + 0x7676767676767676)) & 0x8080808080808080;
      int count = others == 0 ? 8 : std::countr_zero(others) / 8;
      if (count == 0) {
        return at;
      }
      word <<= 8 * (8 - count);
      word = word * 10 + (word >> 8);
      word =
          ((word & 0x000000ff000000ff) * 0x000f424000000064 + (word >> 16 & 0x000000ff000000ff) * 0x0000271000000001) >>
          32;
      value = value * places[count] + word;
      at += count;
      if (count < 8) {
        return at;
      }
    }
  }
  for (; is_digit(*at); at++) {
    value = value * 10 + static_cast<uint64_t>(*at - '0');
  }
  return at;
}

/// Reads a number of at most 19 bytes without an exponent as read_plain does; false for all else: read_plain knows.
/// REQUIRES: 8 readable bytes behind the token.
inline bool read_short_number(const char* at, const char* end, Cell& cell) {
  bool is_negative = *at == '-';
  const char* first = at + (is_negative ? 1 : 0);
  if (end - first > 19) {
    return false;
  }
  uint64_t digits = 0;
  at = take_digits(first, digits);
  if (at == first || (*first == '0' && at - first > 1)) {
    return false;
  }
  if (at == end) {
    cell = Cell::of_integer(static_cast<int64_t>(is_negative ? 0 - digits : digits));
    return digits <= INT64_MAX && (digits != 0 || !is_negative);
  }
  const char* point = at;
  if (*point != '.') {
    return false;
  }
  at = take_digits(point + 1, digits);
  // Exact as in real().
  double value = static_cast<double>(digits) / tens[at - point - 1];
  cell = Cell::of_real(is_negative ? -value : value);
  return at == end && at - point > 1 && digits <= exact_integers;
}

/// Reads `true`, `false` or `null`; false for all else.
inline bool read_word(std::string_view token, Cell& cell) {
  if (token == "true" || token == "false") {
    cell = Cell::of_boolean(token.size() == 4);
    return true;
  }
  cell = Cell::of_null();
  return token == "null";
}

}  // namespace stook::json
