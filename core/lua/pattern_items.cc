// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What single items of a Lua pattern match, and captures. All functions of the class RAISE.
#include <cctype>
#include <cstring>

#include "core/lua/patterns.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
constexpr char escape = '%';

unsigned char byte_of(char c) {
  return static_cast<unsigned char>(c);
}

bool is_of_class(unsigned char c, unsigned char name) {
  bool is = false;
  switch (std::tolower(name)) {
    case 'a':
      is = std::isalpha(c) != 0;
      break;
    case 'c':
      is = std::iscntrl(c) != 0;
      break;
    case 'd':
      is = std::isdigit(c) != 0;
      break;
    case 'g':
      is = std::isgraph(c) != 0;
      break;
    case 'l':
      is = std::islower(c) != 0;
      break;
    case 'p':
      is = std::ispunct(c) != 0;
      break;
    case 's':
      is = std::isspace(c) != 0;
      break;
    case 'u':
      is = std::isupper(c) != 0;
      break;
    case 'w':
      is = std::isalnum(c) != 0;
      break;
    case 'x':
      is = std::isxdigit(c) != 0;
      break;
    default:
      return name == c;
  }
  return std::isupper(name) != 0 ? !is : is;
}
}  // namespace

// A step is some ns; the clock of start-up costs more, so it is asked each 16 Ki of them.
void PatternMatch::count_step() {
  if ((++steps_ & 0x3fff) == 0) {
    LuaState::of(raw_).check_budget(raw_);
  }
}

const char* PatternMatch::item_end(const char* p) {
  char first = *p++;
  if (first == escape) {
    if (p == pattern_end_) {
      luaL_error(raw_, "malformed pattern (ends with '%%')");
    }
    return p + 1;
  }
  if (first != '[') {
    return p;
  }
  if (p < pattern_end_ && *p == '^') {
    p++;
  }
  do {  // a ']' that comes first is a member
    if (p == pattern_end_) {
      luaL_error(raw_, "malformed pattern (missing ']')");
    }
    if (*p++ == escape) {
      p = p < pattern_end_ ? p + 1 : p;
    }
  } while (p == pattern_end_ || *p != ']');
  return p + 1;
}

// p: after '['; last: the closing ']'.
bool PatternMatch::is_in_set(unsigned char c, const char* p, const char* last) const {
  bool is_member = true;
  if (*p == '^') {
    is_member = false;
    p++;
  }
  while (p < last) {
    if (*p == escape) {
      p++;
      if (is_of_class(c, byte_of(*p))) {
        return is_member;
      }
      p++;
    } else if (p + 2 < last && p[1] == '-') {
      if (byte_of(p[0]) <= c && c <= byte_of(p[2])) {
        return is_member;
      }
      p += 3;
    } else if (byte_of(*p++) == c) {
      return is_member;
    }
  }
  return !is_member;
}

bool PatternMatch::is_match(const char* at, const char* p, const char* next) {
  if (at >= text_end_) {
    return false;
  }
  count_step();
  unsigned char c = byte_of(*at);
  switch (*p) {
    case '.':
      return true;
    case escape:
      return is_of_class(c, byte_of(p[1]));
    case '[':
      return is_in_set(c, p + 1, next - 1);
    default:
      return byte_of(*p) == c;
  }
}

int PatternMatch::capture_number(char digit) {
  int i = digit - '1';
  if (i < 0 || i >= count_ || captures_[i].size == is_open) {
    luaL_error(raw_, "invalid capture index %%%d", i + 1);
  }
  return i;
}

const char* PatternMatch::same_again(const char* at, char digit) {
  const Capture& capture = captures_[capture_number(digit)];
  size_t size = capture.size < 0 ? 0 : static_cast<size_t>(capture.size);
  if (static_cast<size_t>(text_end_ - at) < size || std::memcmp(capture.start, at, size) != 0) {
    return nullptr;
  }
  return at + size;
}

void PatternMatch::push_capture(int i, const char* start, const char* end) {
  if (i >= count_) {
    if (i != 0) {
      luaL_error(raw_, "invalid capture index %%%d", i + 1);
    }
    lua_pushlstring(raw_, start, static_cast<size_t>(end - start));
    return;
  }
  const Capture& capture = captures_[i];
  if (capture.size == is_open) {
    luaL_error(raw_, "unfinished capture");
  }
  if (capture.size == is_position) {
    lua_pushinteger(raw_, capture.start - text_ + 1);
  } else {
    lua_pushlstring(raw_, capture.start, static_cast<size_t>(capture.size));
  }
}

int PatternMatch::push_captures(const char* start, const char* end) {
  int count = count_ == 0 && start != nullptr ? 1 : count_;
  luaL_checkstack(raw_, count, "too many captures");
  for (int i = 0; i < count; i++) {
    push_capture(i, start, end);
  }
  return count;
}

}  // namespace stook
