// SPDX-License-Identifier: Apache-2.0
/// Looks at lines that several rules take.
#pragma once

#include <string_view>

namespace stook::look {

inline bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
inline bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
/// A byte of a name; bytes beyond ASCII are.
inline bool is_name(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
}
/// The text behind its first blanks.
inline std::string_view unindented(std::string_view line) {
  size_t at = 0;
  while (at < line.size() && is_blank(line[at])) {
    at++;
  }
  return line.substr(at);
}
/// How many digits the text begins with.
inline size_t digits(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && is_digit(text[count])) {
    count++;
  }
  return count;
}

}  // namespace stook::look
