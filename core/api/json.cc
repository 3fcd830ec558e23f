// SPDX-License-Identifier: Apache-2.0
// simdjson's first stage checks UTF-8 and control characters and lists where tokens begin; the walk over that list,
// below, checks the grammar and makes cells. A token ends where the next one begins, less the blanks between.
#include "core/api/json.hh"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "core/data/object.hh"

namespace stook {

namespace {

constexpr size_t least_capacity = 4096;
constexpr size_t kept_capacity = 512 * 1024;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

const char* reason_of(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return "not JSON: invalid UTF-8";
    case simdjson::UNESCAPED_CHARS:
      return "not JSON: a control character in a string";
    case simdjson::UNCLOSED_STRING:
      return "not JSON: a string without its closing quote";
    case simdjson::EMPTY:
      return "not JSON: nothing but blanks";
    default:
      return "not JSON";
  }
}

}  // namespace

JsonReader::JsonReader() : levels_(new Level[max_object_depth]) {}
JsonReader::~JsonReader() = default;

void JsonReader::trim() {
  if (capacity_ > kept_capacity) {
    parser_.reset();
    copy_.reset();
    capacity_ = 0;
  }
}

/// Copies the text to where simdjson may read past its end, and finds its tokens.
bool JsonReader::open(std::string_view text) {
  members_.clear();
  keys_ = 0;
  depth_ = 0;
  if (text.size() > capacity_ || parser_ == nullptr) {
    capacity_ = std::max(std::bit_ceil(text.size()), least_capacity);
    copy_.reset(new char[capacity_ + simdjson::SIMDJSON_PADDING]);
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(capacity_, 1, parser_) !=
        simdjson::SUCCESS) {
      throw std::bad_alloc();
    }
  }
  if (text.empty()) {
    return fail(reason_of(simdjson::EMPTY));
  }
  std::memcpy(copy_.get(), text.data(), text.size());
  std::memset(copy_.get() + text.size(), 0, simdjson::SIMDJSON_PADDING);
  simdjson::error_code error =
      parser_->stage1(reinterpret_cast<const uint8_t*>(copy_.get()), text.size(), simdjson::stage1_mode::regular);
  if (error != simdjson::SUCCESS) {
    return fail(reason_of(error));
  }
  text_ = text.data();
  at_ = parser_->structural_indexes.get();
  end_ = at_ + parser_->n_structural_indexes;
  parser_->structural_indexes[parser_->n_structural_indexes] = static_cast<uint32_t>(text.size());
  has_escapes_ = std::memchr(text.data(), '\\', text.size()) != nullptr;
  return true;
}

/// The token at hand. REQUIRES: at_ < end_.
std::string_view JsonReader::token() const {
  const char* from = text_ + at_[0];
  const char* to = text_ + at_[1];
  while (to > from && is_blank(to[-1])) {
    to--;
  }
  return {from, static_cast<size_t>(to - from)};
}

/// The inside of the string at hand. REQUIRES: peek() is a quote, and so the first stage has seen the closing one.
std::string_view JsonReader::raw_string() {
  std::string_view quoted = token();
  at_++;
  return quoted.substr(1, std::max<size_t>(quoted.size(), 2) - 2);
}

bool JsonReader::step_over_colon() {
  if (peek() != ':') {
    return fail("not JSON: no colon behind a key");
  }
  at_++;
  return true;
}

bool JsonReader::expect_end() {
  return at_ == end_ || fail("not JSON: something behind the object");
}

bool JsonReader::read_scalar(Arena& arena, Cell& cell) {
  if (at_ == end_) {
    return fail("not JSON: ends too early");
  }
  if (peek() != '"') {
    const char* reason = json::read_plain(token(), cell);
    at_++;
    return reason == nullptr || fail(reason);
  }
  std::string_view raw = raw_string();
  if (!has_escapes_ || raw.find('\\') == std::string_view::npos) {
    cell = Cell::of_text(raw);
    return true;
  }
  char* begin = arena.reserve(raw.size());
  char* end = json::unescape(begin, raw);
  if (end == nullptr) {
    return fail("not JSON: a broken escape in a string");
  }
  auto size = static_cast<size_t>(end - begin);
  arena.commit(size);
  cell = Cell::of_text({begin, size});
  return true;
}

bool JsonReader::read_member(Arena& arena) {
  if (peek() != '"') {
    return fail("not JSON: no key where one must stand");
  }
  Cell key{};
  if (!count_key() || !read_scalar(arena, key) || !step_over_colon()) {
    return false;
  }
  // The value is made in its place: a copy of 16 bytes right behind their 8 byte stores would wait for the stores.
  JsonMember& member = members_.emplace_back();
  member.key = key.bytes();
  bool is_nested = peek() == '{' || peek() == '[';
  return is_nested ? read_nested(arena, max_object_depth - 1, member.value) : read_scalar(arena, member.value);
}

bool JsonReader::read_members(std::string_view text, Arena& arena) {
  if (!open(text)) {
    return false;
  }
  if (peek() != '{') {
    return fail("not a JSON object");
  }
  at_++;
  if (peek() == '}') {
    at_++;
    return expect_end();
  }
  while (read_member(arena)) {
    char c = peek();
    if (c == '}') {
      at_++;
      return expect_end();
    }
    if (c != ',') {
      return fail("not JSON: no comma or brace behind a member");
    }
    at_++;
  }
  return false;
}

bool JsonReader::read_object(std::string_view text, Arena& arena, Cell& cell) {
  if (!open(text)) {
    return false;
  }
  if (peek() != '{') {
    return fail("not a JSON object");
  }
  return read_nested(arena, max_object_depth, cell) && expect_end();
}

/// Reads the object or array at hand, of that many levels at the most.
bool JsonReader::read_nested(Arena& arena, int levels, Cell& cell) {
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
