// SPDX-License-Identifier: Apache-2.0
#include "core/data/backslash.hh"

namespace stook {

namespace {
int hex(char c) {
  return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/// `digits` hex digits at `from`, or -1.
int read_hex(std::string_view text, size_t from, size_t digits) {
  int value = 0;
  for (size_t i = from; i < from + digits; i++) {
    int digit = i < text.size() ? hex(text[i]) : -1;
    if (digit < 0) {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

char* put_utf8(char* to, int code) {
  if (code < 0x80) {
    *to++ = static_cast<char>(code);
    return to;
  }
  if (code >= 0x10000) {
    *to++ = static_cast<char>(0xf0 | code >> 18);
    *to++ = static_cast<char>(0x80 | (code >> 12 & 0x3f));
    *to++ = static_cast<char>(0x80 | (code >> 6 & 0x3f));
  } else if (code < 0x800) {
    *to++ = static_cast<char>(0xc0 | code >> 6);
  } else {
    *to++ = static_cast<char>(0xe0 | code >> 12);
    *to++ = static_cast<char>(0x80 | (code >> 6 & 0x3f));
  }
  *to++ = static_cast<char>(0x80 | (code & 0x3f));
  return to;
}

/// The code point of `\uNNNN` at `at`, with its second half where it is a surrogate; -1 when it is none.
int read_code(std::string_view text, size_t at, size_t& size) {
  int code = read_hex(text, at + 2, 4);
  size = 6;
  if (code < 0xd800 || code >= 0xe000) {
    return code;
  }
  bool has_second = text.size() > at + 7 && text[at + 6] == '\\' && text[at + 7] == 'u';
  int second = has_second ? read_hex(text, at + 8, 4) : -1;
  if (code >= 0xdc00 || second < 0xdc00 || second >= 0xe000) {
    return -1;
  }
  size = 12;
  return 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
}
}  // namespace

char* undo_backslashes(char* to, std::string_view text) {
  constexpr std::string_view letters = "\"\\/ntrbfv'";
  constexpr std::string_view bytes = "\"\\/\n\t\r\b\f\v'";
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      *to++ = text[i];
      continue;
    }
    char next = text[i + 1];
    size_t plain = letters.find(next);
    size_t size = 0;
    int code = next == 'u' ? read_code(text, i, size) : next == 'x' || next == 'X' ? read_hex(text, i + 2, 2) : -1;
    if (plain != std::string_view::npos) {
      *to++ = bytes[plain];
      i++;
    } else if (code < 0) {
      *to++ = '\\';
    } else if (next == 'u') {
      to = put_utf8(to, code);
      i += size - 1;
    } else {
      *to++ = static_cast<char>(code);
      i += 3;
    }
  }
  return to;
}

}  // namespace stook
