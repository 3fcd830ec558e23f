// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Copying text up to the first byte that needs a look, 16 bytes at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace stook {

// A short text is read as one vector when that cannot leave its page: what lies behind it is looked at by nobody.
// Sanitizers see every byte, so builds with them take the way over a buffer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool may_read_past = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
inline constexpr bool may_read_past = false;
#else
inline constexpr bool may_read_past = true;
#endif
#else
inline constexpr bool may_read_past = true;
#endif

#if defined(__SSE2__)
namespace detail {
/// A bit for each byte below 0x20 or above 0x7f and for each `"`, `\` and `also`: the signed compare covers both ends.
inline unsigned odd_bytes(__m128i bytes, char also) {
  __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
  __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  __m128i other = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(also));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(low, other), _mm_or_si128(quote, slash))));
}

/// The first `size` < 16 bytes of a vector read from `from`; the others are anything.
inline __m128i load_some(const char* from, size_t size) {
  if (may_read_past && (reinterpret_cast<uintptr_t>(from) & 4095) <= 4096 - 16) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  }
  char buffer[16] = {};
  std::memcpy(buffer, from, size);
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(buffer));
}
}  // namespace detail
#endif

/// Copies bytes up to the first that is a control character, a quote, a backslash, `also` or beyond ASCII; returns how
/// many. May write 16 bytes past them. REQUIRES: size + 16 bytes at `to`.
inline size_t copy_plain(char* to, const char* from, size_t size, char also = '"') {
  size_t at = 0;
#if defined(__SSE2__)
  for (; at + 16 <= size; at += 16) {
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + at), bytes);
    if (unsigned odd = detail::odd_bytes(bytes, also); odd != 0) {
      return at + static_cast<size_t>(__builtin_ctz(odd));
    }
  }
  if (at == size) {
    return size;
  }
  size_t left = size - at;
  if (at > 0) {
    // The last 16 bytes once more: what they share with the step before was plain.
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + size - 16));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + size - 16), bytes);
    unsigned odd = detail::odd_bytes(bytes, also);
    return odd == 0 ? size : size - 16 + static_cast<size_t>(__builtin_ctz(odd));
  }
  __m128i bytes = detail::load_some(from, left);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
  unsigned odd = detail::odd_bytes(bytes, also) & ((1u << left) - 1);
  return odd == 0 ? size : static_cast<size_t>(__builtin_ctz(odd));
#else
  constexpr uint64_t ones = 0x0101010101010101ull;
  constexpr uint64_t tops = 0x8080808080808080ull;
  for (; at + 8 <= size; at += 8) {
    uint64_t word;
    std::memcpy(&word, from + at, 8);
    uint64_t quote = word ^ (ones * '"');
    uint64_t slash = word ^ (ones * '\\');
    uint64_t other = word ^ (ones * static_cast<unsigned char>(also));
    uint64_t odd = (word | (word - ones * 0x20) | (quote - ones) | (slash - ones) | (other - ones)) & tops;
    if (odd != 0) {
      break;
    }
    std::memcpy(to + at, &word, 8);
  }
  for (; at < size; at++) {
    auto byte = static_cast<unsigned char>(from[at]);
    if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\' || from[at] == also) {
      break;
    }
    to[at] = from[at];
  }
  return at;
#endif
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
