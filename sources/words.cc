// SPDX-License-Identifier: Apache-2.0
#include "sources/words.hh"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

namespace stook {

namespace {

constexpr size_t piece_size = 32768;

ssize_t read_some(int fd, char* to, size_t size) {
  ssize_t got;
  do {
    got = ::read(fd, to, size);
  } while (got < 0 && errno == EINTR);
  return got;
}

}  // namespace

std::string read_small(const std::string& path, size_t most) {
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char piece[4096];
  for (ssize_t got; fd && text.size() < most && (got = read_some(fd.get(), piece, sizeof piece)) > 0;) {
    text.append(piece, static_cast<size_t>(got));
  }
  text.resize(text.size() < most ? text.size() : most);
  return text;
}

std::string_view Words::next() {
  size_t begin = rest_.find_first_not_of(" \t");
  if (begin == std::string_view::npos) {
    rest_ = {};
    return {};
  }
  rest_.remove_prefix(begin);
  std::string_view word = rest_.substr(0, rest_.find_first_of(" \t"));
  rest_.remove_prefix(word.size());
  return word;
}

void Words::skip(int words) {
  for (int i = 0; i < words; i++) {
    next();
  }
}

uint64_t Words::number(int base) {
  std::string_view word = next();
  uint64_t number = 0;
  std::from_chars(word.data(), word.data() + word.size(), number, base);
  return number;
}

bool ProcLines::open(const std::string& path) {
  fd_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  text_.clear();
  at_ = end_ = 0;
  return static_cast<bool>(fd_);
}

std::string_view ProcLines::line() {
  while (true) {
    end_ = text_.find('\n', at_);
    if (end_ != std::string::npos) {
      return std::string_view(text_).substr(at_, end_ - at_);
    }
    text_.erase(0, at_);
    at_ = 0;
    size_t before = text_.size();
    text_.resize(before + piece_size);
    ssize_t got = fd_ ? read_some(fd_.get(), text_.data() + before, piece_size) : 0;
    text_.resize(before + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got <= 0) {
      text_.clear();
      fd_.reset();
      return {};
    }
  }
}

}  // namespace stook
