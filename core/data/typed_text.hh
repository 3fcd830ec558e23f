// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Numbers and truths out of whole texts, without a blank or a byte left over.
#pragma once

#include <charconv>
#include <string_view>

#include "core/data/type.hh"

namespace stook {

/// The text as Integer, or as Unsigned when only that holds it. False: it is neither.
[[nodiscard]] inline bool read_integer(std::string_view text, Cell& cell) {
  int64_t value = 0;
  const char* last = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data(), last, value);
  if (end == last && error == std::errc()) {
    cell = Cell::of_integer(value);
    return true;
  }
  uint64_t large = 0;
  auto [large_end, large_error] = std::from_chars(text.data(), last, large);
  cell = Cell::of_unsigned(large);
  return large_end == last && large_error == std::errc();
}

/// The text as Real: digits with a point or an exponent; no hex, no words. False: it is none.
[[nodiscard]] inline bool read_real(std::string_view text, Cell& cell) {
  char first = text.empty() ? '\0' : text[text[0] == '-' && text.size() > 1 ? 1 : 0];
  if (first != '.' && (first < '0' || first > '9')) {
    return false;
  }
  double value = 0;
  const char* last = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data(), last, value);
  cell = Cell::of_real(value);
  return end == last && error == std::errc();
}

/// `true` or `false`. False: it is neither.
[[nodiscard]] inline bool read_truth(std::string_view text, Cell& cell) {
  cell = Cell::of_boolean(text == "true");
  return text == "true" || text == "false";
}

/// What a text looks like: a truth, an integer or a real; else Text. A number that others would write differently
/// (`007`, `+1`) is a name rather than a number and stays text.
inline Cell guess_type(std::string_view text) {
  Cell cell = Cell::of_text(text);
  if (text.empty() || text.size() > 32) {
    return cell;
  }
  char first = text[text[0] == '-' && text.size() > 1 ? 1 : 0];
  Cell found{};
  if (first < '0' || first > '9') {
    return (first == 't' || first == 'f') && read_truth(text, found) ? found : cell;
  }
  size_t digits = text[0] == '-' ? 1 : 0;
  bool has_zero = first == '0' && text.size() > digits + 1 && text[digits + 1] >= '0' && text[digits + 1] <= '9';
  return !has_zero && (read_integer(text, found) || read_real(text, found)) ? found : cell;
}

}  // namespace stook
