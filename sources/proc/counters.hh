// SPDX-License-Identifier: Apache-2.0
/// Processors, memory, disks and interfaces. Room: the source's front.
#pragma once

#include <string>
#include <unordered_map>

#include "sources/proc/row.hh"
#include "sources/words.hh"

namespace stook {

/// A row for each processor, and one for all: the parts of the time since the last round; in the first since boot.
class CpuStage final : public ProcStage {
 public:
  explicit CpuStage(const std::string& root) : ProcStage(root + "/stat") {}
  void begin() override ROOM(front) { lines_.open(needed()); }
  [[nodiscard]] bool step(ProcRows& rows) override ROOM(front);

 private:
  struct Ticks {
    uint64_t user = 0;
    uint64_t system = 0;
    uint64_t idle = 0;
    uint64_t iowait = 0;
    uint64_t steal = 0;
  };
  ProcLines lines_;
  std::unordered_map<std::string, Ticks> before_;
};

class MemStage final : public ProcStage {
 public:
  explicit MemStage(const std::string& root) : ProcStage(root + "/meminfo") {}
  void begin() override ROOM(front) {}
  [[nodiscard]] bool step(ProcRows& rows) override ROOM(front);
};

/// Disks and partitions that were used since boot.
class DiskStage final : public ProcStage {
 public:
  explicit DiskStage(const std::string& root) : ProcStage(root + "/diskstats") {}
  void begin() override ROOM(front) { lines_.open(needed()); }
  [[nodiscard]] bool step(ProcRows& rows) override ROOM(front);

 private:
  ProcLines lines_;
};

class NetStage final : public ProcStage {
 public:
  explicit NetStage(const std::string& root) : ProcStage(root + "/net/dev") {}
  void begin() override ROOM(front) { lines_.open(needed()); }
  [[nodiscard]] bool step(ProcRows& rows) override ROOM(front);

 private:
  ProcLines lines_;
};

}  // namespace stook
