// SPDX-License-Identifier: Apache-2.0
/// Small files such as those of /proc, their lines and words. Room: none.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/fd.hh"

namespace stook {

/// What is in the file, `most` bytes of it; empty when it cannot be read.
std::string read_small(const std::string& path, size_t most = 65536);

/// The words of a line, one after the other, between blanks.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}
  /// Empty at the end.
  std::string_view next();
  void skip(int words);
  uint64_t number(int base = 10);

 private:
  std::string_view rest_;
};

/// A file that is read line by line and piece by piece, as /proc/net/tcp may be long.
class ProcLines {
 public:
  /// False: it cannot be opened; then it has no lines.
  bool open(const std::string& path);
  /// The next line, at the place where `step` was last called; null-data text at the end.
  /// Lives until the next call.
  std::string_view line();
  /// The line was dealt with.
  void step() { at_ = end_ + 1; }

 private:
  Fd fd_;
  std::string text_;
  size_t at_ = 0;
  size_t end_ = 0;
};

}  // namespace stook
