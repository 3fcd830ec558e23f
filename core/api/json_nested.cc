// SPDX-License-Identifier: Apache-2.0
// Objects and arrays within a JSON text: stepped over where the text itself can be the value, else made msgpack.
#include <bit>
#include <cstring>

#include "core/api/json.hh"
#include "core/data/object.hh"

namespace stook {

namespace {

/// Whether all bytes are ASCII, no control character and no backslash. REQUIRES: 7 readable bytes behind them.
bool is_plain(const char* at, size_t size) {
  constexpr uint64_t ones = 0x0101010101010101;
  uint64_t odd = 0;
  for (size_t i = 0; i < size; i += 8) {
    uint64_t word;
    std::memcpy(&word, at + i, sizeof word);
    uint64_t slash = word ^ (ones * '\\');
    uint64_t here = word | (word - ones * 0x20) | (slash - ones);
    if constexpr (std::endian::native == std::endian::little) {
      here &= size - i < 8 ? (uint64_t{1} << 8 * (size - i)) - 1 : ~uint64_t{0};
    }
    odd |= here;
  }
  return (odd & (ones * 0x80)) == 0;
}

}  // namespace

/// Steps over a key and its colon.
inline bool JsonReader::step_over_key(const uint32_t*& at) {
  const char* doc = copy_.get();
  bool is_key = doc[at[0]] == '"' && at[1] - at[0] >= 2 && doc[at[1] - 1] == '"' && doc[at[1]] == ':';
  at += 2;
  return is_key && ++keys_ <= max_keys;
}

/// Steps over a string, a short number or a word, with no blank behind it.
inline bool JsonReader::step_over_scalar(const uint32_t*& at) const {
  const char* token = copy_.get() + at[0];
  size_t size = at[1] - at[0];
  at++;
  if (*token == '"') {
    return size >= 2 && token[size - 1] == '"';
  }
  Cell cell;
  return json::read_short_number(token, token + size, cell) || json::read_word({token, size}, cell);
}

/// Steps over the object or array at `at`. Null where its text cannot be the value, or where it is none: then put_item
/// knows which, and why.
const uint32_t* JsonReader::step_over(const uint32_t* at, int levels) {
  const char* doc = copy_.get();
  uint64_t maps = 0;  // a bit for each open level, the innermost is the lowest
  int depth = 0;
  for (;;) {
    char c = doc[*at];
    if (c == '{' || c == '[') {
      if (depth++ == levels) {
        return nullptr;
      }
      maps = maps << 1 | (c == '{' ? 1 : 0);
      at++;
      if (doc[*at] != c + 2) {
        if (c == '{' && !step_over_key(at)) {
          return nullptr;
        }
        continue;
      }
    } else if (!step_over_scalar(at)) {
      return nullptr;
    }
    // A value is complete, and with it perhaps what it is in.
    while (doc[*at] == ((maps & 1) != 0 ? '}' : ']')) {
      at++;
      maps >>= 1;
      if (--depth == 0) {
        return at;
      }
    }
    if (doc[*at++] != ',' || ((maps & 1) != 0 && !step_over_key(at))) {
      return nullptr;
    }
  }
}

/// Reads the object or array at hand, of that many levels at the most.
bool JsonReader::read_nested(Arena& arena, int levels, Cell& cell) {
  size_t keys = keys_;
  if (const uint32_t* behind = step_over(at_, levels)) {
    size_t size = behind[-1] + 1 - *at_;
    if (is_plain(copy_.get() + *at_, size)) {
      cell = Cell::of_slice(Type::Object, {text_ + *at_, size});
      cell.is_json = true;
      at_ = behind;
      return true;
    }
  }
  keys_ = keys;
  // No token grows to more than three times its size: `-0,` is the worst, 3 bytes that become 9.
  size_t left = static_cast<size_t>(*end_ - *at_);
  char* begin = arena.reserve(3 * left + 32);
  char* to = begin;
  if (!open_level(to, levels)) {
    return false;
  }
  while (depth_ > 0) {
    if (!put_item(to, levels)) {
      return false;
    }
  }
  auto size = static_cast<size_t>(to - begin);
  arena.commit(size);
  cell = Cell::of_slice(Type::Object, {begin, size});
  return true;
}

bool JsonReader::open_level(char*& to, int levels) {
  if (depth_ == levels) {
    return fail("not JSON: more than 64 levels");
  }
  levels_[static_cast<size_t>(depth_++)] = {to, 0, peek() == '{'};
  to = put_wide_map_head(to, 0);
  at_++;
  return true;
}

bool JsonReader::put_string(char*& to) {
  std::string_view raw = raw_string();
  if (has_escapes_ && raw.find('\\') != std::string_view::npos) {
    if (scratch_.size() < raw.size()) {
      scratch_.resize(raw.size());
    }
    char* end = json::unescape(scratch_.data(), raw);
    if (end == nullptr) {
      return fail("not JSON: a broken escape in a string");
    }
    raw = {scratch_.data(), static_cast<size_t>(end - scratch_.data())};
  }
  to = put_cell(to, Cell::of_text(raw));
  return true;
}

/// Writes the next item of the innermost level, or closes it.
bool JsonReader::put_item(char*& to, int levels) {
  Level& level = levels_[static_cast<size_t>(depth_ - 1)];
  char c = peek();
  if (c == (level.is_map ? '}' : ']')) {
    level.is_map ? put_wide_map_head(level.head, level.size) : put_wide_array_head(level.head, level.size);
    at_++;
    depth_--;
    return true;
  }
  if (level.size > 0) {
    if (c != ',') {
      return fail("not JSON: no comma or bracket behind a value");
    }
    at_++;
  }
  level.size++;
  if (level.is_map) {
    if (peek() != '"') {
      return fail("not JSON: no key where one must stand");
    }
    if (!count_key() || !put_string(to) || !step_over_colon()) {
      return false;
    }
  }
  switch (peek()) {
    case '{':
    case '[':
      return open_level(to, levels);
    case '"':
      return put_string(to);
    default:
      break;
  }
  if (at_ == end_) {
    return fail("not JSON: ends too early");
  }
  Cell cell{};
  const char* reason = json::read_plain(token(), cell);
  if (reason != nullptr) {
    return fail(reason);
  }
  at_++;
  to = put_cell(to, cell);
  return true;
}

}  // namespace stook
