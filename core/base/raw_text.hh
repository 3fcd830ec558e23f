// SPDX-License-Identifier: Apache-2.0
/// Floor 0. Text for a signal handler: put together in place and written by write(2). All of it is async-signal-safe.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace stook {

/// Collects a line or two, and writes when told to or when it is full. Neither allocates nor locks.
class RawText {
 public:
  /// `second`: gets the same bytes; -1: nobody.
  explicit RawText(int fd, int second = -1) : fd_(fd), second_(second) {}
  ~RawText() { flush(); }
  RawText(const RawText&) = delete;
  RawText& operator=(const RawText&) = delete;

  /// Bytes outside printable ASCII, but for the end of a line, become `?`.
  RawText& put(std::string_view text) {
    for (char c : text) {
      if (size_ == sizeof bytes_) {
        flush();
      }
      bytes_[size_++] = c == '\n' || (c >= ' ' && c <= '~') ? c : '?';
    }
    return *this;
  }
  RawText& put(uint64_t number, unsigned base = 10) {
    char digits[64];
    size_t at = sizeof digits;
    do {
      digits[--at] = "0123456789abcdef"[number % base];
      number /= base;
    } while (number != 0);
    return put(std::string_view(digits + at, sizeof digits - at));
  }
  void flush() {
    for (int fd : {fd_, second_}) {
      if (fd >= 0) {
        [[maybe_unused]] ssize_t written = ::write(fd, bytes_, size_);
      }
    }
    size_ = 0;
  }

 private:
  int fd_;
  int second_;
  size_t size_ = 0;
  char bytes_[1024];
};

}  // namespace stook
