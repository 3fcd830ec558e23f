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

void JsonReader::expect(size_t place, std::string_view name) {
  if (place >= expected_.size()) {
    expected_.resize(place + 1);
  }
  Expected& expected = expected_[place];
  expected.size = 0;
  if (name.find_first_of("\"\\") != std::string_view::npos) {
    return;
  }
  expected.text.assign("\"").append(name).append("\":");
  expected.size = expected.text.size();
  char mask[16] = {};
  char head[16] = {};
  std::memset(mask, 0xff, std::min<size_t>(expected.size, 16));
  std::memcpy(head, expected.text.data(), std::min<size_t>(expected.size, 16));
  std::memcpy(expected.mask, mask, sizeof mask);
  std::memcpy(expected.head, head, sizeof head);
}

/// Reads what most values are: a string without escapes, a short number, a word. False: read_value knows.
inline bool JsonReader::read_quick(const uint32_t* at, Cell& cell) const {
  size_t size = at[1] - at[0];
  const char* token = copy_.get() + at[0];
  if (*token == '"') {
    // No blank behind it, and so the closing quote is the last byte.
    if (size < 2 || token[size - 1] != '"' || (has_escapes_ && std::memchr(token, '\\', size) != nullptr)) {
      return false;
    }
    cell = Cell::of_text({text_ + at[0] + 1, size - 2});
    return true;
  }
  return json::read_short_number(token, token + size, cell) || json::read_word({token, size}, cell);
}

bool JsonReader::read_key(Arena& arena, std::string_view& key) {
  if (peek() != '"') {
    return fail("not JSON: no key where one must stand");
  }
  Cell cell{};
  bool is_read = read_scalar(arena, cell) && step_over_colon();
  key = cell.bytes();
  return is_read;
}

bool JsonReader::read_value(Arena& arena, Cell& cell) {
  bool is_nested = peek() == '{' || peek() == '[';
  return is_nested ? read_nested(arena, max_object_depth - 1, cell) : read_scalar(arena, cell);
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
  // The walk's place is kept in a register; functions out of line get it through at_.
  const uint32_t* at = at_;
  for (size_t place = 0;; place++) {
    if (!count_key()) {
      return false;
    }
    // The value is made in its place: a copy of 16 bytes right behind their 8 byte stores would wait for the stores.
    JsonMember& member = members_.emplace_back();
    const char* key = copy_.get() + *at;
    member.is_expected = place < expected_.size() && expected_[place].stands_at(key, text.size() - *at);
    if (member.is_expected) {
      member.key = {text_ + *at + 1, expected_[place].size - 3};
      at += 2;
    } else {
      at_ = at;
      if (!read_key(arena, member.key)) {
        return false;
      }
      at = at_;
    }
    if (read_quick(at, member.value)) {
      at++;
    } else {
      at_ = at;
      if (!read_value(arena, member.value)) {
        return false;
      }
      at = at_;
    }
    char c = copy_[*at++];
    if (c != ',') {
      at_ = at;
      return c == '}' ? expect_end() : fail("not JSON: no comma or brace behind a member");
    }
  }
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

}  // namespace stook
