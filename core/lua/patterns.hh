// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Lua patterns (Lua 5.4 reference manual, 6.4.1), matched under the script's budget.
#pragma once

#include <cstddef>
#include <cstdint>
#include <lua.hpp>
#include <string_view>

namespace stook {

/// Matches one pattern against one text. Lives on the C stack of functions that RAISE.
/// *Invariants:* captures [0, count) are set; `size` is a length, or one of the two marks.
class PatternMatch {
 public:
  static constexpr int most_captures = 32;

  PatternMatch(lua_State* raw, std::string_view text, std::string_view pattern)
      : raw_(raw),
        text_(text.data()),
        text_end_(text.data() + text.size()),
        pattern_end_(pattern.data() + pattern.size()) {}

  /// The end of the match of `pattern` that begins at `at`, or null. RAISES for a malformed pattern, for one that nests
  /// too deep, and when the budget is spent.
  const char* match(const char* at, const char* pattern) {
    count_ = 0;
    depth_ = 0;
    return follow(at, pattern);
  }

  /// Pushes the captures, or the whole match when there are none and `start` is not null; gives their number. RAISES.
  int push_captures(const char* start, const char* end);
  void push_capture(int i, const char* start, const char* end);
  int count() const { return count_; }

 private:
  static constexpr ptrdiff_t is_open = -1;
  static constexpr ptrdiff_t is_position = -2;
  static constexpr int deepest = 200;
  struct Capture {
    const char* start;
    ptrdiff_t size;
  };

  const char* follow(const char* at, const char* p);
  const char* follow_item(const char* at, const char* p);
  const char* open_capture(const char* at, const char* p, ptrdiff_t what);
  const char* close_capture(const char* at, const char* p);
  const char* balanced(const char* at, const char* p);
  const char* frontier(const char* at, const char*& p);
  const char* repeated(const char* at, const char* p, const char* next);
  const char* repeat_most(const char* at, const char* p, const char* next, size_t least);
  const char* repeat_least(const char* at, const char* p, const char* next);
  const char* same_again(const char* at, char digit);
  const char* item_end(const char* p);
  bool is_match(const char* at, const char* p, const char* next);
  bool is_in_set(unsigned char c, const char* p, const char* last) const;
  int capture_number(char digit);
  void count_step();

  lua_State* raw_;
  const char* text_;
  const char* text_end_;
  const char* pattern_end_;
  int count_ = 0;
  int depth_ = 0;
  uint32_t steps_ = 0;
  Capture captures_[most_captures];
};

}  // namespace stook
