// SPDX-License-Identifier: Apache-2.0
/// One line of text built in an arena, for filters that print packets and flows. Pure.
#pragma once

#include <charconv>
#include <cstring>
#include <string_view>

#include "core/base/arena.hh"

namespace stook {

/// *Invariants:* what does not fit into `most` bytes is left out, to the byte.
class TextLine {
 public:
  TextLine(Arena& arena, size_t most) : arena_(&arena), begin_(arena.reserve(most)), to_(begin_), end_(begin_ + most) {}

  TextLine& text(std::string_view text) {
    size_t size = text.size() < room() ? text.size() : room();
    if (size > 0) {
      std::memcpy(to_, text.data(), size);
      to_ += size;
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
  TextLine& field(std::string_view name, uint64_t value) { return text(name).number(value).text(" "); }
  TextLine& field(std::string_view name, std::string_view value) { return text(name).text(value).text(" "); }
  /// Bytes as `00:1a:2b`.
  TextLine& mac(std::string_view bytes) {
    for (size_t i = 0; i < bytes.size(); i++) {
      text(i == 0 ? "" : ":").hex(static_cast<unsigned char>(bytes[i]), 2);
    }
    return *this;
  }
  /// The line, which lives as long as the arena's bytes. Nothing more may be written.
  std::string_view finish() {
    auto size = static_cast<size_t>(to_ - begin_);
    arena_->commit(size);
    return {begin_, size};
  }

 private:
  size_t room() const { return static_cast<size_t>(end_ - to_); }

  Arena* arena_;
  char* begin_;
  char* to_;
  char* end_;
};

}  // namespace stook
