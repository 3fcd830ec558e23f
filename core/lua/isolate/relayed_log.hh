// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What the process of an isolated script logs, in the log of stook. Room: its owner's.
#pragma once

#include <string>
#include <string_view>

#include "core/base/fd.hh"
#include "core/base/log.hh"

namespace stook {

/// Its lines are events, and are logged as these. Any other line is `program_stderr`: what a library or a sanitizer says.
/// *Invariants:* holds less than one line of 8 KiB; what is longer is cut.
class RelayedLog {
 public:
  static constexpr size_t longest_line = 8192;

  explicit RelayedLog(std::string_view id) : id_(id) {}
  /// Takes over the end of a pipe that does not block.
  void open(Fd fd, int64_t pid);
  bool is_open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  /// Logs what there is, 64 KiB at the most; closes itself at the end of the pipe.
  void read();
  /// Logs what there is, and an unfinished line, and closes the pipe.
  void close();

 private:
  void add(std::string_view bytes);
  void say();

  std::string id_;
  Fd fd_;
  int64_t pid_ = 0;
  std::string line_;
  LogLimit limit_{600};
};

/// Reads a line of a log: `time=… level=… event=… name=value …`. False: it is none.
[[nodiscard]] bool read_log_line(std::string_view line, Level& level, std::string& event, Fields& fields);

}  // namespace stook
