// SPDX-License-Identifier: Apache-2.0
#include "core/lua/agent/pieces.hh"

#include <algorithm>

namespace stook {

namespace {
constexpr size_t shown = 64;  // of a piece that is broken

bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '-' || c == '.';
}

bool ends_run(char c) {
  return c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ';
}
}  // namespace

bool JsonPieces::open(bool is_map) {
  if (depth_ == most_levels) {
    return fail("it nests deeper than 64 levels");
  }
  maps_ = maps_ << 1 | (is_map ? 1 : 0);
  depth_++;
  state_ = is_map ? At::FirstKey : At::FirstItem;
  return true;
}

bool JsonPieces::close(bool is_map) {
  if (((maps_ & 1) != 0) != is_map) {
    return fail("a bracket closes what it did not open");
  }
  maps_ >>= 1;
  depth_--;
  state_ = depth_ == 0 ? At::Between : At::Behind;
  is_whole_ = depth_ == 0;
  return true;
}

// Within a text: steps over what needs no look.
void JsonPieces::skip_text() {
  const char* from = bytes_.data() + at_;
  const char* end = bytes_.data() + bytes_.size();
  at_ += static_cast<size_t>(std::find_if(from, end, ends_run) - from);
}

// A byte that is neither in a text nor in a word.
bool JsonPieces::step_outside(char c) {
  if (is_blank(c)) {
    return true;
  }
  bool wants_key = state_ == At::FirstKey || state_ == At::Key;
  bool wants_value = state_ == At::Value || state_ == At::FirstItem;
  if (c == '"' && (wants_key || wants_value)) {
    is_key_ = wants_key;
    state_ = At::Text;
    return true;
  }
  if (wants_key) {
    return c == '}' && state_ == At::FirstKey ? close(true) : fail("a key is no text in quotes");
  }
  if (wants_value) {
    if (c == '{' || c == '[') {
      return open(c == '{');
    }
    state_ = is_word(c) ? At::Word : state_;
    return state_ == At::Word || (c == ']' && state_ == At::FirstItem ? close(false) : fail("a value is missing"));
  }
  if (state_ == At::Colon) {
    state_ = At::Value;
    return c == ':' || fail("a key without a colon behind it");
  }
  if (c == ',') {
    state_ = (maps_ & 1) != 0 ? At::Key : At::Value;
    return true;
  }
  return c == '}' || c == ']' ? close(c == '}') : fail("no comma between two values");
}

bool JsonPieces::step(char c) {
  if (state_ == At::Word) {
    if (is_word(c)) {
      return true;
    }
    state_ = At::Behind;
  }
  if (state_ == At::Text || state_ == At::Escape) {
    if (static_cast<unsigned char>(c) < ' ') {
      return fail("a control character within a text");
    }
    if (state_ == At::Escape) {
      state_ = At::Text;
    } else if (c == '\\') {
      state_ = At::Escape;
    } else if (c == '"') {
      state_ = is_key_ ? At::Colon : At::Behind;
    }
    return true;
  }
  return step_outside(c);
}

// To the end of the piece, or of what there is; false: it is none.
bool JsonPieces::scan() {
  while (at_ < bytes_.size()) {
    if (state_ == At::Text) {
      skip_text();
      if (at_ == bytes_.size()) {
        break;
      }
    }
    if (!step(bytes_[at_])) {
      return false;
    }
    at_++;
    if (is_whole_) {
      break;
    }
  }
  return at_ - begin_ <= longest || fail("it is longer than 16 MiB");
}

void JsonPieces::skip_line() {
  size_t newline = bytes_.find('\n', begin_);
  is_skipping_ = newline == std::string::npos;
  begin_ = at_ = is_skipping_ ? bytes_.size() : newline + 1;
}

JsonPieces::Step JsonPieces::break_off(const char* reason) {
  reason_ = reason;
  piece_begin_ = begin_;
  piece_size_ = std::min({shown, bytes_.size() - begin_, bytes_.find('\n', begin_) - begin_});
  skip_line();
  state_ = At::Between;
  maps_ = 0;
  depth_ = 0;
  return Step::Broken;
}

JsonPieces::Step JsonPieces::next() {
  if (is_whole_) {
    is_whole_ = false;
    begin_ = at_;
  }
  if (is_skipping_) {
    skip_line();
  }
  if (state_ == At::Between) {
    while (at_ < bytes_.size() && is_blank(bytes_[at_])) {
      at_++;
    }
    begin_ = at_;
    if (at_ < bytes_.size()) {
      if (bytes_[at_] != '{') {
        return break_off("it is no JSON object");
      }
      at_++;
      open(true);
    }
  }
  if (!scan()) {
    return break_off(reason_);
  }
  if (is_whole_) {
    piece_begin_ = begin_;
    piece_size_ = at_ - begin_;
    return Step::Piece;
  }
  piece_begin_ = piece_size_ = 0;
  bytes_.erase(0, begin_);
  at_ -= begin_;
  begin_ = 0;
  return Step::More;
}

}  // namespace stook
