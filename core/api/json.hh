// SPDX-License-Identifier: Apache-2.0
/// Floor 2. JSON texts into cells: the one door to simdjson, which finds the structure; the values are read here, exactly.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/arena.hh"
#include "core/data/type.hh"

namespace simdjson::internal {
class dom_parser_implementation;
}

namespace stook {

/// One member of the top-level object.
struct JsonMember {
  std::string_view key;
  Cell value;
};

/// Reads one JSON text after another (RFC 8259). What a value becomes: an integer Integer, beyond int64 Unsigned, beyond
/// that Text with `is_number` and the digits as written; any other number Real, Text with `is_number` where a double would
/// be infinite or lose it to zero; a string Text, a slice of the document where it has no escape, else unescaped in the
/// arena (a lone surrogate becomes U+FFFD, `\u0000` a NUL); an object or array Object, msgpack in the arena, with its
/// members in order and duplicates as they came. `-0` is Real, so that its sign stays.
/// Refused, with a reason: what is no JSON, invalid UTF-8, more than 64 levels, 4,096 keys or 4,096 digits in a number.
/// *Rooms:* one replica, one room. A warm reader allocates nothing.
class JsonReader {
 public:
  static constexpr size_t max_keys = 4096;
  static constexpr size_t max_digits = 4096;

  JsonReader();
  ~JsonReader();
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  /// Reads a text that is one object; its members are `members()` until the next read. False: see `reason()`; bytes in the
  /// arena may have been used. The text must live as long as the cells.
  [[nodiscard]] bool read_members(std::string_view text, Arena& arena);
  /// Reads a text that is one object into one Object cell.
  [[nodiscard]] bool read_object(std::string_view text, Arena& arena, Cell& cell);

  /// In the order of the text, duplicates as they came.
  std::span<const JsonMember> members() const { return {members_.data(), members_.size()}; }
  /// One sentence of static storage on the read that failed.
  const char* reason() const { return reason_; }
  /// Gives memory back that only a very long text needed.
  void trim();

 private:
  struct Level {
    char* head;
    uint32_t size;
    bool is_map;
  };
  bool open(std::string_view text);
  bool fail(const char* reason) {
    reason_ = reason;
    return false;
  }
  bool read_member(Arena& arena);
  bool read_scalar(Arena& arena, Cell& cell);
  bool read_nested(Arena& arena, int levels, Cell& cell);
  bool open_level(char*& to, int levels);
  bool put_item(char*& to, int levels);
  bool put_string(char*& to);
  std::string_view raw_string();
  bool step_over_colon();
  bool expect_end();
  bool count_key() { return ++keys_ <= max_keys || fail("not JSON: more than 4096 keys"); }
  char peek() const { return copy_[*at_]; }
  std::string_view token() const;

  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser_;
  std::unique_ptr<char[]> copy_;  // the text, with the room behind it that simdjson asks for
  size_t capacity_ = 0;
  const char* text_ = nullptr;
  const uint32_t* at_ = nullptr;  // the next structural character, as an offset in the text
  const uint32_t* end_ = nullptr;
  bool has_escapes_ = false;
  size_t keys_ = 0;
  std::vector<JsonMember> members_;
  std::unique_ptr<Level[]> levels_;
  int depth_ = 0;
  std::string scratch_;
  const char* reason_ = "";
};

namespace json {
/// Reads a number, `true`, `false` or `null`; all of the token must be used. Null, or the reason why not.
const char* read_plain(std::string_view token, Cell& cell);
/// Writes the characters that a string's inside stands for; at most as many bytes. Null: an escape is broken.
char* unescape(char* to, std::string_view raw);
}  // namespace json

}  // namespace stook
