// SPDX-License-Identifier: Apache-2.0
/// The processes of the machine. Room: the source's front.
#pragma once

#include <dirent.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sources/proc/row.hh"
#include "sources/users.hh"

namespace stook {

/// What a line of /proc/PID/stat says.
struct ProcessStat {
  std::string_view name;
  char state = '?';
  uint64_t ppid = 0;
  uint64_t ticks = 0;
  uint64_t threads = 0;
  uint64_t started = 0;  // in ticks since boot
};
/// The name may hold any byte, parentheses and newlines too. False: this is no such line.
[[nodiscard]] bool read_process_stat(std::string_view text, ProcessStat& stat);

/// Walks the numbers in a folder like /proc.
class ProcessWalk {
 public:
  void open(const std::string& root) { folder_.reset(opendir(root.c_str())); }
  /// The next process's number, 0 at the end.
  uint64_t next();

 private:
  struct Close {
    void operator()(DIR* folder) const { closedir(folder); }
  };
  std::unique_ptr<DIR, Close> folder_;
};

/// A row for each process. `cpu` is since the last round; of a process that was not there then, since it was started.
class ProcessStage final : public ProcStage {
 public:
  explicit ProcessStage(const std::string& root) : ProcStage(root), root_(root) {}
  void begin() override ROOM(front);
  [[nodiscard]] bool step(ProcRows& rows) override ROOM(front);

 private:
  struct Seen {
    uint64_t started = 0;
    uint64_t ticks = 0;
    uint64_t round = 0;
    int64_t at = 0;
  };
  bool put(ProcRows& rows, uint64_t pid) ROOM(front);
  double share(uint64_t pid, const ProcessStat& stat) ROOM(front);

  std::string root_;
  ProcessWalk walk_;
  Users users_;
  std::unordered_map<uint64_t, Seen> seen_;
  uint64_t round_ = 0;
  uint64_t pending_ = 0;  // there was no bundle for it
};

}  // namespace stook
