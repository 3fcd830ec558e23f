// SPDX-License-Identifier: Apache-2.0
/// Floor 4. How much of a processor a thread has used, asked by another one.
#pragma once

#include <pthread.h>

#include <cstdint>
#include <thread>

#include "core/base/clock.hh"

namespace stook {

/// CPU time (ns); 0 when the thread has ended or was never started. REQUIRES: nobody starts or joins it meanwhile.
inline int64_t cpu_ns_of(const std::thread& thread) {
  clockid_t clock{};
  bool is_there =
      thread.joinable() && ::pthread_getcpuclockid(const_cast<std::thread&>(thread).native_handle(), &clock) == 0;
  return is_there ? read_clock(clock) : 0;
}

}  // namespace stook
