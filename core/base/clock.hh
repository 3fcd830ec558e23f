// SPDX-License-Identifier: Apache-2.0
/// Floor 0. The two clocks: every time-out is on the monotonic one, the wall clock is only data.
#pragma once

#include <time.h>

#include <cstdint>

namespace stook {

inline int64_t read_clock(clockid_t which) {
  timespec t{};
  clock_gettime(which, &t);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

/// Nanoseconds of CLOCK_MONOTONIC.
inline int64_t monotonic_ns() {
  return read_clock(CLOCK_MONOTONIC);
}
/// Nanoseconds since 1970 UTC.
inline int64_t wall_ns() {
  return read_clock(CLOCK_REALTIME);
}
/// CPU nanoseconds of the calling thread.
inline int64_t thread_cpu_ns() {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

}  // namespace stook
