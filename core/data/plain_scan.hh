// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Copying text up to the first byte that needs a look, 32 bytes at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/base/sanitized.hh"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace stook {

/// Which bytes are not plain: control characters, bytes beyond ASCII, and up to two more. REQUIRES: the first of them is
/// one of 0x20 to 0x3f, as `"` is.
class OddBytes {
 public:
  OddBytes() : OddBytes(0, 0) {}
  explicit OddBytes(char one) : OddBytes(one, one) {}
#if defined(__SSE2__)
  OddBytes(char one, char other)
      : flip_(_mm_set1_epi8(static_cast<char>(one & 0x1f))),
        most_(_mm_set1_epi8(one == 0 ? 0x1f : 0x20)),
        other_(_mm_set1_epi8(other)) {}
  /// All bits of each byte that is plain. Flipped, `one` is 0x20 and control characters stay below it, so that one signed
  /// compare finds both, and what lies beyond ASCII.
  __m128i plain(__m128i bytes) const {
    __m128i above = _mm_cmpgt_epi8(_mm_xor_si128(bytes, flip_), most_);
    return _mm_andnot_si128(_mm_cmpeq_epi8(bytes, other_), above);
  }

 private:
  __m128i flip_;
  __m128i most_;
  __m128i other_;
#else
  OddBytes(char one, char other) : one_(one), other_(other) {}
  bool has(char c) const {
    auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte >= 0x80 || c == one_ || c == other_;
  }
  /// Whether any byte of the word is odd.
  bool is_in(uint64_t word) const {
    constexpr uint64_t ones = 0x0101010101010101ull;
    uint64_t one = word ^ (ones * static_cast<unsigned char>(one_));
    uint64_t other = word ^ (ones * static_cast<unsigned char>(other_));
    return ((word | (word - ones * 0x20) | (one - ones) | (other - ones)) & (ones << 7)) != 0;
  }

 private:
  char one_;
  char other_;
#endif
};

#if defined(__SSE2__)
namespace detail {
/// 32 bytes, as two vectors.
struct Two {
  __m128i low;
  __m128i high;
  static Two load(const char* from) {
    const auto* vectors = reinterpret_cast<const __m128i*>(from);
    return {_mm_loadu_si128(vectors), _mm_loadu_si128(vectors + 1)};
  }
  void store(char* to) const {
    auto* vectors = reinterpret_cast<__m128i*>(to);
    _mm_storeu_si128(vectors, low);
    _mm_storeu_si128(vectors + 1, high);
  }
  bool are_plain(const OddBytes& odd_bytes) const {
    return _mm_movemask_epi8(_mm_and_si128(odd_bytes.plain(low), odd_bytes.plain(high))) == 0xffff;
  }
  /// A bit for each odd byte.
  uint32_t odd(const OddBytes& odd_bytes) const {
    auto bits = [&](__m128i part) { return static_cast<uint32_t>(_mm_movemask_epi8(odd_bytes.plain(part))); };
    return ~(bits(low) | bits(high) << 16);
  }
};

// A short text is read as one vector or two when that cannot leave its page: what lies behind it is looked at by nobody.
// Sanitizers see every byte, so builds with them take the way over a buffer.

/// The first `size` <= 16 bytes at `from`; the others are anything.
inline __m128i load_one(const char* from, size_t size) {
  if (!has_sanitizer && (reinterpret_cast<uintptr_t>(from) & 4095) <= 4096 - 16) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  }
  char buffer[16] = {};
  std::memcpy(buffer, from, size);
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(buffer));
}

/// The first `size` <= 32 bytes at `from`; the others are anything.
inline Two load_two(const char* from, size_t size) {
  if (!has_sanitizer && (reinterpret_cast<uintptr_t>(from) & 4095) <= 4096 - 32) {
    return Two::load(from);
  }
  char buffer[32] = {};
  std::memcpy(buffer, from, size);
  return Two::load(buffer);
}
}  // namespace detail
#endif

/// Copies bytes up to the first odd one; returns how many. By default those are odd that need a look in JSON. May write
/// 32 bytes past them. REQUIRES: size + 32 bytes at `to`.
inline size_t copy_plain(char* to, const char* from, size_t size, const OddBytes& odd_bytes = OddBytes('"', '\\')) {
  size_t at = 0;
#if defined(__SSE2__)
  if (size == 0) {
    return 0;  // there may be no page behind an empty text
  }
  // Most texts of a log line take this way, without a loop whose end has to be guessed.
  if (size <= 32) {
    detail::Two two = detail::load_two(from, size);
    two.store(to);
    uint32_t odd = two.odd(odd_bytes);
    return odd << (32 - size) == 0 ? size : static_cast<size_t>(__builtin_ctz(odd));
  }
  for (; at + 32 <= size; at += 32) {
    detail::Two two = detail::Two::load(from + at);
    two.store(to + at);
    if (!two.are_plain(odd_bytes)) {
      return at + static_cast<size_t>(__builtin_ctz(two.odd(odd_bytes)));
    }
  }
  // The last 32 bytes once more: what they share with the step before was plain.
  detail::Two two = detail::Two::load(from + size - 32);
  two.store(to + size - 32);
  return two.are_plain(odd_bytes) ? size : size - 32 + static_cast<size_t>(__builtin_ctz(two.odd(odd_bytes)));
#else
  for (; at + 8 <= size; at += 8) {
    uint64_t word;
    std::memcpy(&word, from + at, 8);
    if (odd_bytes.is_in(word)) {
      break;
    }
    std::memcpy(to + at, &word, 8);
  }
  for (; at < size && !odd_bytes.has(from[at]); at++) {
    to[at] = from[at];
  }
  return at;
#endif
}

/// The same for who only wants to know whether all of them are plain. If not, what was written means nothing.
inline bool copy_all_plain(char* to, const char* from, size_t size, const OddBytes& odd_bytes = OddBytes('"', '\\')) {
#if defined(__SSE2__)
  if (size - 1 < 16) {
    __m128i bytes = detail::load_one(from, size);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
    auto odd = ~static_cast<uint32_t>(_mm_movemask_epi8(odd_bytes.plain(bytes)));
    return odd << (32 - size) == 0;
  }
  if (size - 1 < 32) {
    detail::Two two = detail::load_two(from, size);
    two.store(to);
    return two.odd(odd_bytes) << (32 - size) == 0;
  }
#endif
  return copy_plain(to, from, size, odd_bytes) == size;
}

/// Copies short bytes in whole vectors. May write 16 bytes past them. REQUIRES: 15 readable bytes behind the source.
inline char* put_padded(char* to, const char* from, size_t size) {
#if defined(__SSE2__)
  for (size_t at = 0; at < size; at += 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + at), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at)));
  }
#else
  std::memcpy(to, from, size);
#endif
  return to + size;
}

/// Moves bytes on by one, to make room for a quote. May write 16 bytes past them. REQUIRES: size + 17 bytes at `at`.
inline void move_on(char* at, size_t size) {
#if defined(__SSE2__)
  // From the last to the first, so that none is overwritten before it is read.
  for (size_t left = (size + 15) & ~size_t{15}; left > 0; left -= 16) {
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + left - 16));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(at + left - 15), bytes);
  }
#else
  std::memmove(at + 1, at, size);
#endif
}

}  // namespace stook
