// SPDX-License-Identifier: Apache-2.0
/// Floor 0. The two clocks: every time-out is on the monotonic one, the wall clock is only data. `stook test` stops both
/// and moves them on by hand.
#pragma once

#include <time.h>

#include <atomic>
#include <cstdint>

namespace stook {

inline int64_t read_clock(clockid_t which) {
  timespec t{};
  clock_gettime(which, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

/// What both clocks show once they are stopped (ns since 1970 UTC); 0: they run. Written by the one thread that steps a
/// test, read by all; relaxed, as a late value is harmless.
inline std::atomic<int64_t> stopped_clock{0};

/// Nanoseconds of CLOCK_MONOTONIC.
inline int64_t monotonic_ns() {
  const int64_t stopped = stopped_clock.load(std::memory_order_relaxed);
  return stopped != 0 ? stopped : read_clock(CLOCK_MONOTONIC);
}
/// Nanoseconds since 1970 UTC.
inline int64_t wall_ns() {
  const int64_t stopped = stopped_clock.load(std::memory_order_relaxed);
  return stopped != 0 ? stopped : read_clock(CLOCK_REALTIME);
}
/// CPU nanoseconds of the calling thread.
inline int64_t thread_cpu_ns() {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

}  // namespace stook
