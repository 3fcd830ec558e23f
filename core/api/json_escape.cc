// SPDX-License-Identifier: Apache-2.0
// The escapes of JSON's strings.
#include <cstdint>
#include <cstring>

#include "core/api/json.hh"

namespace stook::json {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// The four hex digits at `at`, or -1.
int32_t unit(const char* at, const char* end) {
  if (end - at < 4) {
    return -1;
  }
  int32_t value = 0;
  for (int i = 0; i < 4; i++) {
    int digit = hex_digit(at[i]);
    if (digit < 0) {
      return -1;
    }
    value = value << 4 | digit;
  }
  return value;
}

char* put_utf8(char* to, int32_t point) {
  const auto byte = [](int32_t bits) { return static_cast<char>(bits); };
  if (point < 0x80) {
    *to++ = byte(point);
  } else if (point < 0x800) {
    *to++ = byte(0xc0 | point >> 6);
    *to++ = byte(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    *to++ = byte(0xe0 | point >> 12);
    *to++ = byte(0x80 | (point >> 6 & 0x3f));
    *to++ = byte(0x80 | (point & 0x3f));
  } else {
    *to++ = byte(0xf0 | point >> 18);
    *to++ = byte(0x80 | (point >> 12 & 0x3f));
    *to++ = byte(0x80 | (point >> 6 & 0x3f));
    *to++ = byte(0x80 | (point & 0x3f));
  }
  return to;
}

/// The character of `\uXXXX`, with its second half where it is a surrogate; `at` is behind the `u` and moves on.
/// Negative: no four hex digits.
int32_t take_point(const char*& at, const char* end) {
  constexpr int32_t replacement = 0xfffd;
  int32_t high = unit(at, end);
  if (high < 0) {
    return high;
  }
  at += 4;
  if (high < 0xd800 || high > 0xdfff) {
    return high;
  }
  if (high > 0xdbff || end - at < 6 || at[0] != '\\' || at[1] != 'u') {
    return replacement;
  }
  int32_t low = unit(at + 2, end);
  if (low < 0xdc00 || low > 0xdfff) {
    return replacement;
  }
  at += 6;
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/// What a backslash and this letter stand for; 0: nothing.
char plain_escape(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

}  // namespace

char* unescape(char* to, std::string_view raw) {
  const char* at = raw.data();
  const char* end = at + raw.size();
  while (at < end) {
    const auto* slash = static_cast<const char*>(std::memchr(at, '\\', static_cast<size_t>(end - at)));
    size_t plain = static_cast<size_t>((slash == nullptr ? end : slash) - at);
    std::memcpy(to, at, plain);
    to += plain;
    if (slash == nullptr) {
      return to;
    }
    at = slash + 1;
    if (at == end) {
      return nullptr;
    }
    if (*at == 'u') {
      at++;
      int32_t point = take_point(at, end);
      if (point < 0) {
        return nullptr;
      }
      to = put_utf8(to, point);
      continue;
    }
    *to = plain_escape(*at++);
    if (*to++ == 0) {
      return nullptr;
    }
  }
  return to;
}

}  // namespace stook::json
