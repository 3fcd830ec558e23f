// SPDX-License-Identifier: Apache-2.0
/// One line of text built in an arena, for filters that print packets and flows. Pure.
#pragma once

#include <charconv>
#include <cstring>
#include <string_view>

#include "core/base/arena.hh"
#include "core/base/few_bytes.hh"
#include "core/data/pattern.hh"

namespace stook {

/// Each byte as `1a:`.
struct ByteTexts {
  char text[256][4] = {};
  constexpr ByteTexts() {
    for (size_t i = 0; i < 256; i++) {
      text[i][0] = "0123456789abcdef"[i >> 4];
      text[i][1] = "0123456789abcdef"[i & 15];
      text[i][2] = ':';
    }
  }
};
inline constexpr ByteTexts byte_texts;

/// *Invariants:* nothing is written beyond `most` bytes: a text is cut there, what is known by its size is left out.
class TextLine {
 public:
  TextLine(Arena& arena, size_t most) : arena_(&arena), begin_(arena.reserve(most)), to_(begin_), end_(begin_ + most) {}

  TextLine& text(std::string_view text) {
    size_t size = text.size() < room() ? text.size() : room();
    copy_few(to_, text.data(), size);
    to_ += size;
    return *this;
  }
  /// A literal, copied without a call.
  template <size_t size>
  TextLine& text(const char (&literal)[size]) {
    if (room() >= size) {
      std::memcpy(to_, literal, size);
      to_ += size - 1;
    }
    return *this;
  }
  TextLine& number(uint64_t value, int base = 10) {
    auto done = std::to_chars(to_, end_, value, base);
    to_ = done.ec == std::errc() ? done.ptr : to_;
    return *this;
  }
  /// In hexadecimal, with zeros before it.
  TextLine& hex(uint64_t value, size_t digits, const char* alphabet = "0123456789abcdef") {
    for (; digits > 0 && room() > 0; digits--) {
      *to_++ = alphabet[value >> (digits - 1) * 4 & 15];
    }
    return *this;
  }
  /// `name` and a number, and a blank.
  template <size_t size>
  TextLine& field(const char (&name)[size], uint64_t value) {
    if (room() >= size + most_digits) {
      std::memcpy(to_, name, size);
      to_ = value < 10 ? put_digit(to_ + size - 1, value) : std::to_chars(to_ + size - 1, end_, value).ptr;
      *to_++ = ' ';
    }
    return *this;
  }
  TextLine& field(std::string_view name, uint64_t value) { return text(name).number(value).text(" "); }
  TextLine& field(std::string_view name, std::string_view value) { return text(name).text(value).text(" "); }
  /// Bytes as `00:1a:2b`.
  TextLine& mac(std::string_view bytes) {
    if (bytes.empty() || room() < 3 * bytes.size()) {
      return *this;
    }
    for (char byte : bytes) {
      std::memcpy(to_, byte_texts.text[static_cast<unsigned char>(byte)], 3);
      to_ += 3;
    }
    to_--;
    return *this;
  }
  /// An address of 4 or 16 bytes in its usual form.
  TextLine& address(std::string_view bytes) {
    constexpr size_t longest = 46;
    to_ = room() >= longest ? put_address(to_, bytes) : to_;
    return *this;
  }
  /// The line, which lives as long as the arena's bytes. Nothing more may be written.
  std::string_view finish() {
    auto size = static_cast<size_t>(to_ - begin_);
    arena_->commit(size);
    return {begin_, size};
  }

 private:
  static constexpr size_t most_digits = 20;

  static char* put_digit(char* to, uint64_t value) {
    *to = static_cast<char>('0' + value);
    return to + 1;
  }
  size_t room() const { return static_cast<size_t>(end_ - to_); }

  Arena* arena_;
  char* begin_;
  char* to_;
  char* end_;
};

}  // namespace stook
