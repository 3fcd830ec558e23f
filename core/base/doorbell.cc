// SPDX-License-Identifier: Apache-2.0
#include "core/base/doorbell.hh"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace stook {

void Doorbell::wake() {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&state_), FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

void Doorbell::wait_until(int64_t deadline) {
  uint32_t expected = quiet;
  if (!state_.compare_exchange_strong(expected, asleep, std::memory_order_acq_rel)) {
    return;
  }
  timespec until{deadline / 1'000'000'000, deadline % 1'000'000'000};
  while (state_.load(std::memory_order_acquire) == asleep) {
    long done = syscall(SYS_futex, reinterpret_cast<uint32_t*>(&state_), FUTEX_WAIT_BITSET_PRIVATE, asleep,
                        deadline < 0 ? nullptr : &until, nullptr, FUTEX_BITSET_MATCH_ANY);
    if (done != 0 && deadline >= 0) {
      expected = asleep;
      state_.compare_exchange_strong(expected, quiet, std::memory_order_acq_rel);
      return;
    }
  }
}

}  // namespace stook
