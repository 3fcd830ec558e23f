// SPDX-License-Identifier: Apache-2.0
/// Floor 5. The pid file: says who runs, and its lock keeps a second one out.
#pragma once

#include <string>

#include "core/base/fd.hh"

namespace stook {

/// Holds a locked file with the pid of this process. A stale file, whose lock nobody holds, is taken over.
/// The file is removed at the end of the process that wrote it.
class PidFile {
 public:
  PidFile() = default;
  /// Takes the lock. Throws SetupError when another process has it, naming the pid, or when the path cannot be written.
  explicit PidFile(const std::string& path);
  ~PidFile();
  PidFile(PidFile&&) noexcept = default;
  PidFile& operator=(PidFile&&) noexcept = default;
  /// Writes the calling process's pid: after the daemon has gone to the background.
  void write_pid();

 private:
  std::string path_;
  Fd fd_;
  int owner_ = 0;
};

}  // namespace stook
