// SPDX-License-Identifier: Apache-2.0
/// One output of a program, stdout or stderr, as rows. Room: the source's front.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/api/source.hh"
#include "core/base/fd.hh"
#include "sources/lines.hh"

namespace stook {

/// The keys of `exec`, in the order in which they are declared, behind those of lines.
enum ExecKey : size_t { exec_stream = stream_keys, exec_pid, exec_exit, exec_keys };

/// Reads a pipe that does not block, run after run.
/// *Rooms:* its source's front.
class ProgramOutput {
 public:
  /// `name` is what `exec.stream` says.
  ProgramOutput(std::string_view name, size_t max_line) : name_(name), reader_(max_line) {}

  /// Before the first run. `id`: what `stook.id` begins with.
  void attach(Feed& feed, std::string id) ROOM(front);
  /// A new run: takes the pipe's end over.
  void open(Fd fd, pid_t pid) ROOM(front);
  /// One bundle at most; at the end of the pipe the unfinished line becomes a row and the pipe is closed. False: the
  /// pool is empty.
  [[nodiscard]] bool read() ROOM(front);
  /// From here on the pipe ends where it is empty, whoever holds its other end.
  void cut() ROOM(front) { is_cut_ = true; }
  /// Counts the lines that are read by nobody, and closes the pipe.
  uint64_t abandon() ROOM(front);

  bool is_open() const ROOM(front) { return static_cast<bool>(fd_); }
  int fd() const ROOM(front) { return fd_.get(); }
  /// There is something to do that no descriptor tells.
  bool wants_turn() const ROOM(front) { return reader_.has_lines() || is_at_end_ || is_cut_; }
  uint64_t rows() const ROOM(front) { return reader_.rows(); }
  uint64_t truncated() const ROOM(front) { return reader_.truncated(); }

 private:
  void label(size_t first, Bundle& bundle) ROOM(front);

  std::string_view name_;
  Feed* feed_ = nullptr;
  std::string id_;
  Fd fd_;
  pid_t pid_ = 0;
  std::unique_ptr<PlainBytes> bytes_;
  LineReader reader_;
  LineState state_;
  bool is_at_end_ = false;
  bool is_cut_ = false;
};

}  // namespace stook
