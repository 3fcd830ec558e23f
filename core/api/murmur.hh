// SPDX-License-Identifier: Apache-2.0
/// Floor 2. What a program writes on its standard error, told in the log. Room: its owner's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/fd.hh"

namespace stook {

/// Cuts lines and logs each as `program_stderr`, at most ten a second; the others are counted and told with the next.
/// *Invariants:* holds less than one line of 512 bytes; what is longer is cut.
class Murmur {
 public:
  static constexpr uint32_t lines_a_second = 10;

  /// `id`: the instance's.
  explicit Murmur(std::string_view id) : id_(id) {}

  /// Takes over the end of a pipe that does not block.
  void open(Fd fd, int64_t pid);
  bool is_open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  /// Logs what there is, 64 KiB at the most; closes itself at the end of the pipe.
  void read(int64_t now);
  /// Tells an unfinished line and how many were kept back, and closes the pipe.
  void close(int64_t now);
  /// Lines kept back so far and not told yet.
  uint64_t suppressed() const { return suppressed_; }

 private:
  void add(std::string_view bytes, int64_t now);
  void say(int64_t now);

  std::string id_;
  Fd fd_;
  int64_t pid_ = 0;
  std::string line_;
  int64_t second_ = -1'000'000'000;
  uint32_t spoken_ = 0;
  uint64_t suppressed_ = 0;
};

}  // namespace stook
