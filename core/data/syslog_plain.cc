// SPDX-License-Identifier: Apache-2.0
#include "core/data/syslog_plain.hh"

#include <algorithm>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace stook {

namespace {
/// More is read the long way.
constexpr size_t plain_most = 512;

/// What a byte may end. An odd one is a control character, a backslash, or no ASCII.
enum Role : uint8_t { ends_names = 1, ends_values = 2, is_odd = 4 };

struct Roles {
  uint8_t of[256] = {};
  constexpr Roles() {
    for (int c = 0; c < 256; c++) {
      bool odd = c < ' ' || c >= 0x7f || c == '\\';
      bool ends = c == ' ' || c == '=' || c == ']';
      of[c] = odd ? ends_names | ends_values | is_odd : c == '"' ? ends_names | ends_values : ends ? ends_names : 0;
    }
  }
};
constexpr Roles roles;

/// Finds where names and values end: the bytes of 64 that may be such an end are found at once.
class Ends {
 public:
  explicit Ends(std::string_view text) : end_(text.data() + text.size()) { look(text.data()); }
  /// The first byte at or after `from` that no name has; null when there is none, or one that is not plain is before it.
  const char* of_name(const char* from) { return first<ends_names>(from); }
  /// The first quote at or after `from`; null as above.
  const char* of_value(const char* from) { return first<ends_values>(from); }

 private:
  template <Role wanted>
  const char* first(const char* from) {
    for (; from < end_; from = base_ + 64) {
      if (from - base_ >= 64) {
        look(from);
      }
      for (uint64_t left = marks_ >> (from - base_); left != 0; left &= left - 1) {
        const char* found = from + __builtin_ctzll(left);
        if (found >= end_) {
          return nullptr;
        }
        uint8_t role = roles.of[static_cast<unsigned char>(*found)];
        if ((role & wanted) != 0) {
          return (role & is_odd) != 0 ? nullptr : found;
        }
      }
    }
    return nullptr;
  }

  void look(const char* from) {
    char padded[64];
    const char* bytes = from;
    if (end_ - from < 64) {
      std::memset(padded, 0, sizeof padded);
      std::memcpy(padded, from, static_cast<size_t>(end_ - from));
      bytes = padded;
    }
    base_ = from;
    marks_ = 0;
#if defined(__SSE2__)
    for (int at = 0; at < 64; at += 16) {
      __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + at));
      // All up to the quote, and, as the compare has signs, what lies beyond ASCII; then = ] \\ DEL and 28 others.
      __m128i low = _mm_cmplt_epi8(part, _mm_set1_epi8('"' + 1));
      __m128i high = _mm_cmpeq_epi8(_mm_or_si128(part, _mm_set1_epi8(0x63)), _mm_set1_epi8(0x7f));
      marks_ |= uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(_mm_or_si128(low, high)))} << at;
    }
#else
    for (int at = 0; at < 64; at++) {
      marks_ |= uint64_t{roles.of[static_cast<unsigned char>(bytes[at])] != 0} << at;
    }
#endif
  }

  const char* end_;
  const char* base_ = nullptr;  // a bit for each byte from here on
  uint64_t marks_ = 0;          // bytes that have a role, and some that have none
};

/// Writes structured data as JSON while it looks at it. It takes none that is malformed, needs escapes or is long. A parameter of
/// 5 bytes (` a=""`) takes 7, an element of 3 (`[a]`) takes 7; and 16 bytes more may be written.
class PlainWriter {
 public:
  explicit PlainWriter(std::string_view text)
      : is_cut_(text.size() > plain_most),
        begin_(text.data()),
        end_(begin_ + (is_cut_ ? plain_most : text.size())),
        ends_({begin_, static_cast<size_t>(end_ - begin_)}) {}

  PlainData write(char* const begin) {
    to_ = begin;
    at_ = begin_;
    do {
      *to_++ = ',';
      if (!write_element()) {
        return {};
      }
    } while (at_ < end_ && *at_ == '[');
    *begin = '{';
    *to_++ = '}';
    bool is_whole = at_ < end_ || !is_cut_;
    return is_whole ? PlainData{static_cast<size_t>(to_ - begin), static_cast<size_t>(at_ - begin_)} : PlainData{};
  }

 private:
  bool write_element() {
    const char* name = at_ + 1;
    at_ = ends_.of_name(name);
    if (at_ == nullptr || at_ == name) {
      return false;
    }
    put(name, at_, "\":{");
    while (*at_ == ' ') {
      name = at_ + 1;
      const char* equals = ends_.of_name(name);
      if (equals == nullptr || equals == name || end_ - equals < 2 || equals[0] != '=' || equals[1] != '"') {
        return false;
      }
      const char* quote = ends_.of_value(equals + 2);
      if (quote == nullptr || end_ - quote < 2) {
        return false;
      }
      put(name, equals, "\":");
      put(equals + 2, quote, "\",");
      at_ = quote + 1;
    }
    to_ -= to_[-1] == ',' ? 1 : 0;
    *to_++ = '}';
    return *at_++ == ']';
  }

  /// A quote, bytes of the text, and what follows them.
  template <size_t N>
  void put(const char* from, const char* stop, const char (&next)[N]) {
    auto size = static_cast<size_t>(stop - from);
    *to_++ = '"';
#if defined(__SSE2__)
    if (size <= 16 && end_ - from >= 16) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to_), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    } else {
      std::memcpy(to_, from, size);
    }
#else
    std::memcpy(to_, from, size);
#endif
    std::memcpy(to_ + size, next, N - 1);
    to_ += size + N - 1;
  }

  bool is_cut_;
  const char* begin_;
  const char* end_;
  Ends ends_;
  const char* at_ = nullptr;
  char* to_ = nullptr;
};
}  // namespace

size_t plain_data_room(size_t size) {
  return 3 * std::min(size, plain_most) + 32;
}

PlainData write_plain_data(std::string_view text, char* to) {
  return PlainWriter(text).write(to);
}

}  // namespace stook
