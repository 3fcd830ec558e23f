// SPDX-License-Identifier: Apache-2.0
#include "core/run/process_meters.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "core/base/clock.hh"

namespace stook {

namespace {
// Entries of a folder; the stream has a descriptor of its own, which is among those of /proc/self/fd.
uint64_t count_entries(int folder) {
  int fd = ::fcntl(folder, F_DUPFD_CLOEXEC, 0);
  DIR* entries = fd < 0 ? nullptr : ::fdopendir(fd);
  if (entries == nullptr) {
    if (fd >= 0) {
      ::close(fd);
    }
    return 0;
  }
  ::rewinddir(entries);
  uint64_t count = 0;
  while (const dirent* entry = ::readdir(entries)) {
    count += entry->d_name[0] != '.' ? 1 : 0;
  }
  ::closedir(entries);
  return count > 0 ? count - 1 : 0;
}
}  // namespace

ProcessMeters::ProcessMeters()
    : memory_(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)),
      descriptors_(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      started_at_(wall_ns()) {}

ProcessState ProcessMeters::read() const {
  ProcessState state;
  state.cpu_ns = read_clock(CLOCK_PROCESS_CPUTIME_ID);
  state.started_at = started_at_;
  char text[128] = {};
  unsigned long long all = 0;
  unsigned long long resident = 0;
  if (memory_ && ::pread(memory_.get(), text, sizeof text - 1, 0) > 0 &&
      std::sscanf(text, "%llu %llu", &all, &resident) == 2) {
    auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    state.virtual_bytes = all * page;
    state.resident_bytes = resident * page;
  }
  state.open_fds = descriptors_ ? count_entries(descriptors_.get()) : 0;
  rlimit limit{};
  state.most_fds = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
  return state;
}

}  // namespace stook
