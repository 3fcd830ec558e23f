// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Finding a byte in text, 32 bytes at a step, without reading a byte that is not part of the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace stook {

/// A text to search in. A search may look at bytes of the text before its start, which is what lets the last, short step
/// load a whole vector. Lifetime: borrows the text.
class Scan {
 public:
  explicit Scan(std::string_view text) : begin_(text.data()), end_(text.data() + text.size()) {}
  const char* begin() const { return begin_; }
  const char* end() const { return end_; }

  /// The first `wanted` at or after `from`, or end(). REQUIRES: begin() <= from <= end().
  const char* find(const char* from, char wanted) const { return find_either(from, wanted, wanted); }

  /// The first byte at or after `from` that is `one` or `other`, or end().
  const char* find_either(const char* from, char one, char other) const {
#if defined(__SSE2__)
    for (; end_ - from >= 32; from += 32) {
      uint32_t hits = hits_at(from, one, other) | hits_at(from + 16, one, other) << 16;
      if (hits != 0) {
        return from + __builtin_ctz(hits);
      }
    }
    if (end_ - from >= 16) {
      uint32_t hits = hits_at(from, one, other);
      if (hits != 0) {
        return from + __builtin_ctz(hits);
      }
      from += 16;
    }
    if (from == end_) {
      return end_;
    }
    if (end_ - begin_ >= 16) {
      uint32_t hits = hits_at(end_ - 16, one, other) >> (16 - (end_ - from));
      return hits == 0 ? end_ : from + __builtin_ctz(hits);
    }
#endif
    while (from < end_ && *from != one && *from != other) {
      from++;
    }
    return from;
  }

  /// A bit for each of the 64 bytes at `from` that is `wanted`.
  static uint64_t hits_of_64(const char* from, char wanted) {
    uint64_t hits = 0;
#if defined(__SSE2__)
    for (int part = 0; part < 4; part++) {
      hits |= uint64_t{hits_at(from + 16 * part, wanted, wanted)} << (16 * part);
    }
#else
    for (int i = 0; i < 64; i++) {
      hits |= uint64_t{from[i] == wanted} << i;
    }
#endif
    return hits;
  }

 private:
#if defined(__SSE2__)
  static uint32_t hits_at(const char* from, char one, char other) {
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    __m128i equal =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(one)), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(other)));
    return static_cast<uint32_t>(_mm_movemask_epi8(equal));
  }
#endif

  const char* begin_;
  const char* end_;
};

}  // namespace stook
