// SPDX-License-Identifier: Apache-2.0
/// Floor 2. A program that stook runs: started without a shell, in a process group of its own, with three descriptors
/// and no other; ended as a group, and reaped by its own number. Room: its owner's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fd.hh"

namespace stook {

/// The words of a command, as a shell would cut them: at blanks, but not within "" and ''; a backslash keeps the next
/// byte as it is, but not within ''. Nothing is expanded. Throws std::invalid_argument when a quote has no end.
std::vector<std::string> split_command(std::string_view command);

/// What to start.
struct Launch {
  /// The program, looked for in PATH, and its arguments.
  std::vector<std::string> words;
  /// NAME=value, beside stook's own and instead of those with the same name.
  std::vector<std::string> environment;
  /// Where it works; empty: where stook does.
  std::string folder;
  /// What become its descriptors 0, 1 and 2; -1 is /dev/null.
  int in = -1;
  int out = -1;
  int err = -1;
};

/// How a program ended: by its exit code, or by a signal.
struct Ending {
  int code = 0;
  int signal = 0;
  bool is_good() const { return code == 0 && signal == 0; }
  /// `exit code 3`, `signal 9`.
  std::string words() const;
};

/// A pipe whose reading or writing end, stook's own, does not block. Throws SetupError.
struct Pipe {
  Fd read;
  Fd write;
};
Pipe open_pipe(bool is_read_by_us);

/// One run of a program at a time.
/// *Invariants:* the number of a program that has ended is not given back before `finish`, so that its group, which has
/// the same number, can be signalled without hitting another one.
class Child {
 public:
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { finish(); }

  /// Throws SetupError when the program cannot be started. In a process that gets a signal when its parent ends, the
  /// program gets SIGKILL when that process ends. REQUIRES: !is_started().
  void start(const Launch& launch);
  bool is_started() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }
  /// Readable once the program has ended.
  int ended_fd() const { return ended_.get(); }
  /// Whether the program itself has ended; others of its group may live.
  bool has_ended();
  /// REQUIRES: has_ended() was true.
  const Ending& ending() const { return ending_; }
  /// Waits for the end, for so many ns at the most.
  bool wait(int64_t most);
  /// Signals all of the group.
  void signal(int number);
  /// Kills what is left of the group and reaps the program. Waits for it a tenth of a second at the most: one that takes
  /// longer to die, as it hangs in the kernel or gives much memory back, is reaped when another one starts or finishes.
  void finish();

 private:
  pid_t pid_ = 0;
  Fd ended_;
  Ending ending_;
  bool has_ended_ = false;
};

}  // namespace stook
