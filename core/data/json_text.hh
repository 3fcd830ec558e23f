// SPDX-License-Identifier: Apache-2.0
/// Floor 1. JSON text of single values, and text with its control characters escaped: the hottest code of stook.
///
/// What is written is valid JSON (RFC 8259) in valid UTF-8, whatever the bytes are. Strings hold no control characters
/// of either kind (U+0000–001F, U+0080–009F) and no U+2028/2029 but as escapes, so that a line stays a line for every
/// reader and a terminal obeys nothing that came from outside.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/data/payload.hh"
#include "core/data/type.hh"

namespace stook {

/// What becomes of bytes that are no UTF-8. Replace: U+FFFD for each maximal part (Unicode 15, 3.9). Escape: the text
/// `\xNN` for each byte. Base64: the whole value as `base64:` and its RFC 4648 text.
enum class BinaryForm : uint8_t { Escape, Replace, Base64 };
/// How a time is written: ISO 8601 as a string, or a number since 1970 UTC with as many decimals as are not zero.
enum class TimeForm : uint8_t { Iso, Epoch, EpochMs, EpochNs };

struct JsonStyle {
  BinaryForm binary = BinaryForm::Replace;
  TimeForm time = TimeForm::Iso;
};

/// Room that put_json needs: what a value may grow to, and a margin, as bytes are stored 32 at a time.
inline constexpr size_t json_margin = 64;
inline size_t json_room(const Cell& cell) {
  return json_margin + (cell.is_slice() ? 6 * size_t{cell.size} : 0);
}

/// Writes the value and returns the end. A real that is not finite is `null`, and any other keeps a point or an
/// exponent, so that it reads back as a real.
/// REQUIRES: json_room(cell) bytes at `to`; the cell is no Object, but for JSON text.
char* put_json(char* to, const Cell& cell, const JsonStyle& style);
/// Writes a string with its quotes. REQUIRES: 6 bytes for each of the text and json_margin at `to`.
char* put_json_string(char* to, std::string_view text, BinaryForm binary);

/// How far put_json_body came. Not text: what is at `from` is no UTF-8, and the style is Base64.
struct JsonBody {
  char* to;
  const char* from;
  bool is_text;
};
/// Writes the inside of a string for the characters that begin before `stop`; the last may reach up to `end`.
/// REQUIRES: 6 bytes for each up to `stop` and json_margin at `to`.
JsonBody put_json_body(char* to, const char* from, const char* stop, const char* end, BinaryForm binary);
/// Writes RFC 4648 base64 with padding.
char* put_json_base64(char* to, std::string_view bytes);
/// Whether the text is a number as RFC 8259 section 6 has it.
bool is_json_number(std::string_view text);

/// Appends any value of any size; takes room in steps, so that a large text does not ask for six times its size.
/// An Object that is no msgpack, or deeper than max_object_depth, is written as the string of its bytes.
void append_json(Payload& out, const Cell& cell, const JsonStyle& style);
/// Appends the members of a map, each as `,"name":value`. False, with nothing appended, when the bytes are no map.
[[nodiscard]] bool append_json_members(Payload& out, std::string_view object, const JsonStyle& style);

/// Appends text in which control characters stand as `\n`, `\r`, `\t`, `\xNN` (C1 ones, also as lone bytes) and
/// `\u2028`, `\u2029`; all other bytes stay, even those that are no UTF-8. Characters in `keep` stay too.
void append_escaped(Payload& out, std::string_view text, std::string_view keep = {});

/// Writes an integer in decimal; at most 20 bytes.
inline char* put_integer(char* to, int64_t value) {
  return std::to_chars(to, to + 20, value).ptr;
}
inline char* put_unsigned(char* to, uint64_t value) {
  return std::to_chars(to, to + 20, value).ptr;
}
/// Writes the shortest text that reads back as the same double, with a point or an exponent; at most 32 bytes.
/// Not finite: nan, inf, -inf.
char* put_real(char* to, double value);

}  // namespace stook
