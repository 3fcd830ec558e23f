// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Doubles as the shortest text that reads back as the same.
#include <bit>
#include <charconv>
#include <cmath>

#include "core/data/json_text.hh"

namespace stook {

namespace {
constexpr uint64_t tens[] = {1,
                             10,
                             100,
                             1000,
                             10000,
                             100000,
                             1000000,
                             10000000,
                             100000000,
                             1000000000,
                             10000000000,
                             100000000000,
                             1000000000000,
                             10000000000000,
                             100000000000000,
                             1000000000000000,
                             10000000000000000,
                             100000000000000000};

// Writes so many digits, zeros in front.
char* put_digits(char* to, uint64_t value, int size) {
  for (char* at = to + size; at > to; value /= 10) {
    *--at = static_cast<char>('0' + value % 10);
  }
  return to + size;
}

// Writes a value of few digits with a point in it; null when it may be none, or is shorter with an exponent.
//
// Let k be the largest for which value * 10^k stays below 2^50, and r that product as an integer. Two integers below
// 2^50 over 10^k are more than a double's step apart, so that at most one of them rounds to the value; the product is
// off by less than a quarter, so that r is it if there is one; and the quotient of two numbers that are exact is rounded
// once, so that the compare is exact. Any shorter text is r without its trailing zeros.
char* put_short_real(char* to, double value) {
  auto exponent = static_cast<int>(std::bit_cast<uint64_t>(value) >> 52 & 0x7ff) - 1023;
  double size = std::fabs(value);
  if (size < 1e-3 || exponent >= 46) {
    return nullptr;
  }
  int places = (49 - exponent) * 1233 >> 12;  // times log10(2)
  auto shift = static_cast<double>(tens[places]);
  auto digits = static_cast<uint64_t>(size * shift + 0.5);
  if (static_cast<double>(digits) / shift != size) {
    return nullptr;
  }
  auto whole = static_cast<uint64_t>(size);
  uint64_t part = digits - whole * tens[places];
  if (part == 0) {
    return nullptr;
  }
  for (int zeros : {8, 4, 2, 1}) {
    if (part % tens[zeros] == 0) {
      part /= tens[zeros];
      places -= zeros;
    }
  }
  *to = '-';
  to = put_unsigned(to + (value < 0 ? 1 : 0), whole);
  *to = '.';
  return put_digits(to + 1, part, places);
}

// An integer as a double: `100000.0` is longer than `1e+05`.
char* put_whole_real(char* to, double value) {
  auto whole = static_cast<int64_t>(value);
  if (whole == 0 || whole % 100000 == 0) {
    return nullptr;
  }
  to = put_integer(to, whole);
  *to = '.';
  to[1] = '0';
  return to + 2;
}
}  // namespace

char* put_real(char* to, double value) {
  bool is_whole = std::fabs(value) < 1e15 && std::trunc(value) == value;
  char* quick = is_whole ? put_whole_real(to, value) : put_short_real(to, value);
  if (quick != nullptr) {
    return quick;
  }
  char* end = std::to_chars(to, to + 28, value).ptr;
  for (char* at = to; at < end; at++) {
    if (*at == '.' || *at == 'e' || *at == 'n') {
      return end;
    }
  }
  end[0] = '.';
  end[1] = '0';
  return end + 2;
}

}  // namespace stook
