// SPDX-License-Identifier: Apache-2.0
#include "sources/http/body.hh"

#include <algorithm>

namespace stook {

namespace {
constexpr size_t digits_most = 8;
constexpr size_t line_most = 256;

int hex_of(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}
}  // namespace

void HttpBodyReader::begin(const HttpHead& head) {
  *this = HttpBodyReader();
  left_ = head.length;
  state_ = head.is_chunked ? State::Size : left_ > 0 ? State::Length : State::End;
}

HttpBodyReader::Step HttpBodyReader::next(std::string_view& bytes, std::string_view& piece) {
  while (state_ != State::End && state_ != State::Wrong) {
    if (bytes.empty()) {
      return Step::More;
    }
    if (state_ == State::Length || state_ == State::Data) {
      piece = bytes.substr(0, static_cast<size_t>(std::min<uint64_t>(left_, bytes.size())));
      bytes.remove_prefix(piece.size());
      left_ -= piece.size();
      if (left_ == 0) {
        state_ = state_ == State::Length ? State::End : State::DataEnd;
      }
      return Step::Bytes;
    }
    if (!step(bytes)) {
      break;
    }
  }
  return state_ == State::End ? Step::End : Step::Wrong;
}

// One byte of what stands around chunks.
bool HttpBodyReader::step(std::string_view& bytes) {
  char c = bytes.front();
  bytes.remove_prefix(1);
  switch (state_) {
    case State::Size:
      return take_digit(c);
    case State::Extension:
      if (c == '\r') {
        state_ = State::SizeEnd;
        return true;
      }
      return (c != '\n' && ++line_ <= line_most) ||
             wrong("the extension of a chunk is too long, or does not end with CR LF");
    case State::SizeEnd:
      if (c != '\n') {
        return wrong("the size of a chunk does not end with CR LF");
      }
      state_ = left_ > 0 ? State::Data : State::Trailer;
      line_ = 0;
      return true;
    case State::DataEnd:
      return end_chunk(c);
    default:
      return take_trailer(c);
  }
}

bool HttpBodyReader::take_digit(char c) {
  int value = hex_of(c);
  if (value >= 0) {
    if (digits_++ == digits_most) {
      return wrong("the size of a chunk has more than 8 digits");
    }
    left_ = left_ * 16 + static_cast<uint64_t>(value);
    return true;
  }
  if (digits_ == 0 || (c != '\r' && c != ';' && c != ' ' && c != '\t')) {
    return wrong("the size of a chunk is no hex number");
  }
  state_ = c == '\r' ? State::SizeEnd : State::Extension;
  line_ = 0;
  return true;
}

bool HttpBodyReader::end_chunk(char c) {
  if (c != (is_after_cr_ ? '\n' : '\r')) {
    return wrong("a chunk is not as long as its size says");
  }
  is_after_cr_ = !is_after_cr_;
  if (!is_after_cr_) {
    state_ = State::Size;
    digits_ = 0;
  }
  return true;
}

// Up to an empty line.
bool HttpBodyReader::take_trailer(char c) {
  if (++trailers_ > http_head_most) {
    return wrong("the trailers are too long");
  }
  if (is_after_cr_ != (c == '\n')) {
    return wrong("a trailer does not end with CR LF");
  }
  if (c == '\r') {
    is_after_cr_ = true;
    return true;
  }
  if (c != '\n') {
    line_++;
    return true;
  }
  is_after_cr_ = false;
  state_ = line_ == 0 ? State::End : state_;
  line_ = 0;
  return true;
}

bool HttpBodyReader::wrong(const char* reason) {
  state_ = State::Wrong;
  refusal_ = {400, reason};
  return false;
}

}  // namespace stook
