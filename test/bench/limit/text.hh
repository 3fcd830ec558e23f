// SPDX-License-Identifier: Apache-2.0
//
// Text at the byte level: finding a byte, JSON strings, CSV cells, numbers. The scans look at 16 bytes at a time with
// SSE2, which every x86-64 has; elsewhere they go byte by byte.
//
// Two rules hold for all of it. What is read may be read 16 bytes past its end (stream.hh keeps PAD bytes there), and
// what is written may be written 16 bytes past the returned end: the caller's room has that margin.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace limit {

/// Bytes to have free behind whatever is written, see above.
constexpr size_t MARGIN = 32;

#if defined(__SSE2__)
/// A bit for each of the first `count` bytes; all 16 if there are more.
inline unsigned first_bits(size_t count) {
  return count < 16 ? (1U << count) - 1 : 0xffffU;
}

inline __m128i load(const char* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

inline void store(char* to, __m128i bytes) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
}

/// The bytes that JSON cannot hold as they are, or that need a look: controls, quote, backslash, all beyond ASCII.
/// The comparison is signed, so that one covers both ends of the byte range.
struct NotPlain {
  unsigned operator()(__m128i bytes) const {
    const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, slash))));
  }
};
#endif

/// The first place of byte `wanted` in [from, end), or `end`.
inline const char* find_byte(const char* from, const char* end, char wanted) {
#if defined(__SSE2__)
  const __m128i pattern = _mm_set1_epi8(wanted);
  for (; from < end; from += 16) {
    const auto hits = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(load(from), pattern)));
    if (hits != 0) {
      const char* hit = from + __builtin_ctz(hits);
      return hit < end ? hit : end;
    }
  }
  return end;
#else
  while (from < end && *from != wanted) {
    ++from;
  }
  return from;
#endif
}

/// The first place of either byte in [from, end), or `end`.
inline const char* find_either(const char* from, const char* end, char one, char other) {
#if defined(__SSE2__)
  const __m128i first = _mm_set1_epi8(one);
  const __m128i second = _mm_set1_epi8(other);
  for (; from < end; from += 16) {
    const __m128i bytes = load(from);
    const __m128i equal = _mm_or_si128(_mm_cmpeq_epi8(bytes, first), _mm_cmpeq_epi8(bytes, second));
    const auto hits = static_cast<unsigned>(_mm_movemask_epi8(equal));
    if (hits != 0) {
      const char* hit = from + __builtin_ctz(hits);
      return hit < end ? hit : end;
    }
  }
  return end;
#else
  while (from < end && *from != one && *from != other) {
    ++from;
  }
  return from;
#endif
}

/// Copies text up to the first byte that JSON may not hold as it is, and returns how many bytes that were.
inline size_t copy_plain(char* to, const char* from, const char* end) {
  const char* const start = from;
#if defined(__SSE2__)
  for (; from < end; from += 16, to += 16) {
    const __m128i bytes = load(from);
    store(to, bytes);
    const size_t left = static_cast<size_t>(end - from);
    const unsigned odd = NotPlain{}(bytes)&first_bits(left);
    if (odd != 0) {
      return static_cast<size_t>(from - start) + static_cast<size_t>(__builtin_ctz(odd));
    }
  }
  return static_cast<size_t>(end - start);
#else
  for (; from < end; ++from) {
    const auto byte = static_cast<unsigned char>(*from);
    if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') {
      break;
    }
    *to++ = *from;
  }
  return static_cast<size_t>(from - start);
#endif
}

/// Copies text known by its length, in whole vectors: faster than memcpy for the short texts of a line.
inline char* put_text(char* to, std::string_view text) {
#if defined(__SSE2__)
  for (size_t at = 0; at < text.size(); at += 16) {
    store(to + at, load(text.data() + at));
  }
#else
  std::memcpy(to, text.data(), text.size());
#endif
  return to + text.size();
}

/// Copies a literal, without its final NUL.
template <size_t N>
char* put(char* to, const char (&literal)[N]) {
  std::memcpy(to, literal, N - 1);
  return to + N - 1;
}

/// Writes the inside of a JSON string: escapes per RFC 8259 section 7, and U+FFFD for each maximal part of an invalid
/// UTF-8 sequence. Needs at most 6 bytes a byte of text, and MARGIN.
char* put_string_slow(char* to, const char* from, const char* end);

inline char* put_string(char* to, std::string_view text) {
  const char* const end = text.data() + text.size();
  const size_t plain = copy_plain(to, text.data(), end);
  if (plain == text.size()) {
    return to + plain;
  }
  return put_string_slow(to + plain, text.data() + plain, end);
}

/// Writes a CSV cell per RFC 4180: in quotes, doubled inside, if it holds a comma, a quote, CR or LF.
/// Needs at most 2 bytes a byte of text, and MARGIN.
char* put_cell(char* to, std::string_view text);

/// Writes an integer in decimal.
inline char* put_integer(char* to, int64_t value) {
  return std::to_chars(to, to + 24, value).ptr;
}

/// Writes a double in the fewest digits that read back as the same value; always with a point or an exponent.
char* put_double(char* to, double value);

}  // namespace limit
