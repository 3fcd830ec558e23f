// SPDX-License-Identifier: Apache-2.0
/// All functions here RAISE, but for those on single characters.
#include "core/lua/patterns.hh"

#include <cctype>
#include <cstring>

#include "core/lua/state.hh"

namespace stook {

namespace {
constexpr char escape = '%';

unsigned char byte_of(char c) {
  return static_cast<unsigned char>(c);
}
}  // namespace

// What matches from here to the pattern's end. Recursion is bounded by `deepest`, plain items take none.
const char* PatternMatch::follow(const char* at, const char* p) {
  if (++depth_ > deepest) {
    luaL_error(raw_, "pattern too complex");
  }
  while (at != nullptr && p != pattern_end_) {
    count_step();
    if (*p == '(' || *p == ')') {
      at = *p == ')'                             ? close_capture(at, p + 1)
           : p + 1 < pattern_end_ && p[1] == ')' ? open_capture(at, p + 2, is_position)
                                                 : open_capture(at, p + 1, is_open);
      break;
    }
    if (*p == '$' && p + 1 == pattern_end_) {
      at = at == text_end_ ? at : nullptr;
      break;
    }
    if (*p == escape && p + 1 < pattern_end_) {
      if (p[1] == 'b') {
        at = balanced(at, p + 2);
        p += 4;
        continue;
      }
      if (p[1] == 'f') {
        p += 2;
        at = frontier(at, p);
        continue;
      }
      if (std::isdigit(byte_of(p[1])) != 0) {
        at = same_again(at, p[1]);
        p += 2;
        continue;
      }
    }
    const char* next = item_end(p);
    if (next != pattern_end_ && *next == '?') {
      const char* end = is_match(at, p, next) ? follow(at + 1, next + 1) : nullptr;
      if (end != nullptr) {
        at = end;
        break;
      }
      p = next + 1;
      continue;
    }
    if (next != pattern_end_ && (*next == '*' || *next == '+' || *next == '-')) {
      at = repeated(at, p, next);
      break;
    }
    at = is_match(at, p, next) ? at + 1 : nullptr;
    p = next;
  }
  depth_--;
  return at;
}

// A single item with one of the suffixes * + -, and all that follows it.
const char* PatternMatch::repeated(const char* at, const char* p, const char* next) {
  switch (*next) {
    case '*':
      return repeat_most(at, p, next, 0);
    case '+':
      return repeat_most(at, p, next, 1);
    default:
      return repeat_least(at, p, next);
  }
}

const char* PatternMatch::repeat_most(const char* at, const char* p, const char* next, size_t least) {
  size_t count = 0;
  while (is_match(at + count, p, next)) {
    count++;
  }
  for (; count + 1 > least; count--) {
    const char* end = follow(at + count, next + 1);
    if (end != nullptr) {
      return end;
    }
    if (count == 0) {
      break;
    }
  }
  return nullptr;
}

const char* PatternMatch::repeat_least(const char* at, const char* p, const char* next) {
  for (;;) {
    const char* end = follow(at, next + 1);
    if (end != nullptr) {
      return end;
    }
    if (!is_match(at, p, next)) {
      return nullptr;
    }
    at++;
  }
}

const char* PatternMatch::open_capture(const char* at, const char* p, ptrdiff_t what) {
  if (count_ >= most_captures) {
    luaL_error(raw_, "too many captures");
  }
  captures_[count_++] = {at, what};
  const char* end = follow(at, p);
  if (end == nullptr) {
    count_--;
  }
  return end;
}

const char* PatternMatch::close_capture(const char* at, const char* p) {
  int i = count_ - 1;
  while (i >= 0 && captures_[i].size != is_open) {
    i--;
  }
  if (i < 0) {
    luaL_error(raw_, "invalid pattern capture");
  }
  captures_[i].size = at - captures_[i].start;
  const char* end = follow(at, p);
  if (end == nullptr) {
    captures_[i].size = is_open;
  }
  return end;
}

// p: the two delimiters of %bxy.
const char* PatternMatch::balanced(const char* at, const char* p) {
  if (pattern_end_ - p < 2) {
    luaL_error(raw_, "malformed pattern (missing arguments to '%%b')");
  }
  if (at >= text_end_ || *at != p[0]) {
    return nullptr;
  }
  size_t open = 1;
  for (at++; at < text_end_; at++) {
    count_step();
    if (*at == p[1]) {
      if (--open == 0) {
        return at + 1;
      }
    } else if (*at == p[0]) {
      open++;
    }
  }
  return nullptr;
}

// p: after %f; moves behind the set.
const char* PatternMatch::frontier(const char* at, const char*& p) {
  if (p == pattern_end_ || *p != '[') {
    luaL_error(raw_, "missing '[' after '%%f' in pattern");
  }
  const char* next = item_end(p);
  unsigned char before = at == text_ ? 0 : byte_of(at[-1]);
  unsigned char here = at == text_end_ ? 0 : byte_of(*at);
  bool is_edge = !is_in_set(before, p + 1, next - 1) && is_in_set(here, p + 1, next - 1);
  p = next;
  return is_edge ? at : nullptr;
}

}  // namespace stook
