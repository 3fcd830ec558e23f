// SPDX-License-Identifier: Apache-2.0
/// Floor 0. A sticky bell that wakes one sleeping thread: quiet, rung or asleep.
#pragma once

#include <atomic>
#include <cstdint>

namespace stook {

/// Wakes its one owner. A ring between the owner's scan and its sleep is never lost: the owner hushes, scans, waits.
/// Measured in test/bench: a ring at somebody awake costs one exchange, a wake-up one futex call.
class Doorbell {
 public:
  /// Any thread, after it has put work where the owner will find it.
  void ring() {
    if (state_.exchange(rung, std::memory_order_acq_rel) == asleep) {
      wake();
    }
  }
  /// The owner, before each scan for work.
  void hush() { state_.exchange(quiet, std::memory_order_acq_rel); }
  /// The owner, after a scan that found nothing: sleeps until rung.
  void wait() { wait_until(-1); }
  /// The same with a deadline in ns of CLOCK_MONOTONIC, -1 for none. May return early.
  void wait_until(int64_t deadline);

 private:
  enum : uint32_t { quiet, rung, asleep };
  void wake();
  // Written by the owner (hush, wait) and by ringers; exchange makes each ring see the state it replaces,
  // so acquire-release suffices: whoever reads `rung` also sees the work put there before.
  std::atomic<uint32_t> state_{quiet};
};

}  // namespace stook
