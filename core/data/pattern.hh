// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Text with keys in it: `"$remote_addr ${http.status} $message\n"`.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/batch.hh"
#include "core/data/payload.hh"

namespace stook {

/// A compiled pattern. `$name` takes letters, digits, `_` and inner dots, which end it in a path: `$host.log`; `${name}`
/// any name; `${name:-text}` gives what stands for an absent key (else nothing); `$$` is a dollar. `\n`, `\t`, `\r`, `\0`, `\xNN`, `\\` are escapes.
/// `${time:%Y-%m-%d}` formats a Time by strftime(3) in UTC.
class Pattern {
 public:
  struct Piece {
    std::string text;  // literal text when key is empty; else what stands for an absent key
    std::string key;
    std::string format;  // strftime format, empty for the plain form
  };
  /// Throws std::invalid_argument with one sentence when the text is no pattern.
  explicit Pattern(std::string_view text, bool is_path = false);
  Pattern() = default;

  const std::vector<Piece>& pieces() const { return pieces_; }
  /// The keys it names, in order of first use, each once.
  std::vector<std::string> keys() const;
  bool has_keys() const;
  /// Appends the text for one row. `ids[i]` is the KeyId of keys()[i].
  void expand(const Batch& batch, const KeyId* ids, Row row, Payload& out) const;
  /// The same for a file's name or another target. What comes from a key cannot leave its place: letters, digits and
  /// `._-` stay, each other byte is `_`, so are a dot in front and the second of two dots; at most address_limit bytes;
  /// an empty or absent value is `_` unless the pattern says otherwise.
  void expand_address(const Batch& batch, const KeyId* ids, Row row, Payload& out) const;
  static constexpr size_t address_limit = 128;

  /// For those who look at each value: the index into keys() of a piece, -1 for literal text,
  int key_of(size_t piece) const { return key_of_piece_[piece]; }
  /// and its text, given its key's value or null.
  void expand_piece(size_t piece, const Cell* cell, Payload& out) const;

 private:
  std::vector<Piece> pieces_;
  std::vector<int> key_of_piece_;  // index into keys(), -1 for literal text
};

/// Appends the plain text of a value: numbers in decimal, times as ISO 8601 UTC, addresses in their usual form,
/// objects as JSON, booleans true and false, null as nothing.
void append_text(Payload& out, const Cell& cell);
/// Writes a time as `2026-11-21T03:38:00Z`, with as many digits of the second as are not zero (3, 6 or 9).
/// At most 36 bytes; returns the end.
char* put_time(char* to, int64_t ns);
/// Writes times as put_time does, and remembers the last one: lines of a log share their second.
class TimeMemo {
 public:
  /// REQUIRES: 36 bytes at `to`.
  char* put(char* to, int64_t ns) {
    if (ns != ns_ || size_ == 0) {
      ns_ = ns;
      size_ = static_cast<size_t>(put_time(text_, ns) - text_);
    }
    std::memcpy(to, text_, sizeof text_);
    return to + size_;
  }

 private:
  int64_t ns_ = 0;
  size_t size_ = 0;
  char text_[36] = {};
};

/// Writes an address of 4 or 16 bytes in its usual form (RFC 5952). At most 46 bytes; returns the end.
char* put_address(char* to, std::string_view bytes);

}  // namespace stook
