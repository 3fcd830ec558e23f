// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Text that a script writes, cut into JSON objects. Room: its owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace stook {

/// A stream of JSON objects, one behind the other, with or without blanks between them, however its bytes are cut.
/// It is cut by the grammar of JSON, but numbers, words and escapes are not looked into. What is no object is skipped to
/// the next line: where an object breaks off, that is the line behind its first one, so that objects of one line each are
/// never lost by one before them.
/// *Invariants:* holds one unfinished piece at the most, and that is no longer than `longest`.
class JsonPieces {
 public:
  static constexpr size_t longest = size_t{16} << 20;
  static constexpr int most_levels = 64;
  /// Piece: there is one. Broken: a line is skipped. More: all that is whole was given.
  enum class Step : uint8_t { Piece, Broken, More };

  void add(std::string_view bytes) { bytes_.append(bytes); }
  Step next();
  /// After Piece: the object. After Broken: the begin of what is skipped. Until the next step.
  std::string_view piece() const { return std::string_view(bytes_).substr(piece_begin_, piece_size_); }
  /// After Broken: why.
  const char* reason() const { return reason_; }
  /// Whether something else than blanks waits for its end.
  bool has_rest() const { return bytes_.find_first_not_of(" \t\r\n", begin_) != std::string::npos; }

 private:
  enum class At : uint8_t { Between, FirstKey, Key, Colon, FirstItem, Value, Behind, Text, Escape, Word };
  bool scan();
  bool step(char c);
  bool step_outside(char c);
  bool open(bool is_map);
  bool close(bool is_map);
  void skip_text();
  void skip_line();
  Step break_off(const char* reason);
  bool fail(const char* reason) {
    reason_ = reason;
    return false;
  }

  std::string bytes_;
  size_t begin_ = 0;  // of the piece at hand
  size_t at_ = 0;     // the next byte to look at
  size_t piece_begin_ = 0;
  size_t piece_size_ = 0;
  const char* reason_ = "";
  uint64_t maps_ = 0;  // a bit for each level: it is a map
  int depth_ = 0;
  At state_ = At::Between;
  bool is_key_ = false;       // the text at hand is one
  bool is_whole_ = false;     // the piece at hand has come to its end
  bool is_skipping_ = false;  // up to the next newline
};

}  // namespace stook
