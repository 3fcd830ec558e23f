// SPDX-License-Identifier: Apache-2.0
/// Floor 4. What the kernel says of this process: memory, time, descriptors.
#pragma once

#include <cstdint>

#include "core/base/fd.hh"

namespace stook {

struct ProcessState {
  int64_t cpu_ns = 0;
  int64_t started_at = 0;  // ns since 1970 UTC
  uint64_t resident_bytes = 0;
  uint64_t virtual_bytes = 0;
  uint64_t open_fds = 0;
  uint64_t most_fds = 0;
};

/// Opens the files of /proc once, so that they can be read when paths cannot be opened any more. *Rooms:* main.
class ProcessMeters {
 public:
  ProcessMeters();
  /// What cannot be read is 0.
  ProcessState read() const;

 private:
  Fd memory_;
  Fd descriptors_;
  int64_t started_at_;
};

}  // namespace stook
