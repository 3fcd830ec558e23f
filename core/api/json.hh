// SPDX-License-Identifier: Apache-2.0
/// Floor 2. JSON texts into cells: the one door to simdjson, which finds the structure; the values are read here, exactly.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/arena.hh"
#include "core/data/json_number.hh"
#include "core/data/type.hh"

namespace simdjson::internal {
class dom_parser_implementation;
}

namespace stook {

/// One member of the top-level object.
struct JsonMember {
  std::string_view key;
  Cell value;
  /// Whether the key is the one that was expected at this place.
  bool is_expected;
};

/// Reads one JSON text after another (RFC 8259). What a value becomes: an integer Integer, beyond int64 Unsigned, beyond
/// that Text with `is_number` and the digits as written; any other number Real, Text with `is_number` where a double would
/// be infinite or lose it to zero; a string Text, a slice of the document where it has no escape, else unescaped in the
/// arena (a lone surrogate becomes U+FFFD, `\u0000` a NUL); an object or array Object, with
/// its members in order and duplicates as they came: a slice of the document (Cell::is_json) where that is plain ASCII
/// without escapes and without numbers of more than 19 bytes or with exponents, else msgpack in the arena. `-0` is Real, so that its sign stays.
/// Refused, with a reason: what is no JSON, invalid UTF-8, more than 64 levels, 4,096 keys or 4,096 digits in a number.
/// *Rooms:* one replica, one room. A warm reader allocates nothing.
class JsonReader {
 public:
  static constexpr size_t max_keys = 4096;

  JsonReader();
  ~JsonReader();
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  /// Reads a text that is one object; its members are `members()` until the next read. False: see `reason()`; bytes in the
  /// arena may have been used. The text must live as long as the cells.
  [[nodiscard]] bool read_members(std::string_view text, Arena& arena);
  /// Reads a text that is one object into one Object cell.
  [[nodiscard]] bool read_object(std::string_view text, Arena& arena, Cell& cell);

  /// Says which key is likely at this place, counted from 0: to find it there is one compare of `"name":`. A key with a
  /// quote or a backslash is never expected.
  void expect(size_t place, std::string_view name);
  /// Forgets all of them.
  void expect_nothing() { expected_.clear(); }

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
  /// A key with its quotes and its colon. *Invariants:* size is 0 where no key is expected.
  struct Expected {
    bool stands_at(const char* at, size_t left) const {
      uint64_t words[2];
      std::memcpy(words, at, sizeof words);
      bool begins = (((words[0] ^ head[0]) & mask[0]) | ((words[1] ^ head[1]) & mask[1])) == 0;
      return begins && size != 0 && (size <= 16 || (size <= left && std::memcmp(at, text.data(), size) == 0));
    }
    uint64_t head[2];  // its first 16 bytes,
    uint64_t mask[2];  // and which of them count
    size_t size;
    std::string text;
  };
  bool open(std::string_view text);
  bool fail(const char* reason) {
    reason_ = reason;
    return false;
  }
  bool read_quick(const uint32_t* at, Cell& cell) const;
  bool read_key(Arena& arena, std::string_view& key);
  bool read_value(Arena& arena, Cell& cell);
  bool read_scalar(Arena& arena, Cell& cell);
  bool read_nested(Arena& arena, int levels, Cell& cell);
  bool step_over_key(const uint32_t*& at);
  bool step_over_scalar(const uint32_t*& at) const;
  const uint32_t* step_over(const uint32_t* at, int levels);
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
  std::vector<Expected> expected_;
  std::vector<JsonMember> members_;
  std::unique_ptr<Level[]> levels_;
  int depth_ = 0;
  std::string scratch_;
  const char* reason_ = "";
};

namespace json {
/// Writes the characters that a string's inside stands for; at most as many bytes. Null: an escape is broken.
char* unescape(char* to, std::string_view raw);
}  // namespace json

}  // namespace stook
