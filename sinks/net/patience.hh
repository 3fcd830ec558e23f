// SPDX-License-Identifier: Apache-2.0
/// How long a sink waits for its peer in one call, and when it must not wait any more.
#pragma once

#include <poll.h>

#include <algorithm>
#include <cstdint>

#include "core/base/clock.hh"

namespace stook {

/// Times are ns of the monotonic clock. A peer that is slow for a moment is waited for in the call, so that the log
/// does not speak of it; whoever ends the sink (Make::hurry) is seen within a slice.
class Patience {
 public:
  Patience(int hurry, int64_t most) : hurry_(hurry), most_(most), end_(monotonic_ns() + most) {}
  /// The peer has moved: it gets all of the time again.
  void renew() { end_ = monotonic_ns() + most_; }
  /// Until when to wait before the next look at `is_over`.
  int64_t slice() const { return std::min(end_, monotonic_ns() + slice_most); }
  bool is_over() const {
    pollfd polled{hurry_, POLLIN, 0};
    return monotonic_ns() >= end_ || (hurry_ >= 0 && ::poll(&polled, 1, 0) > 0);
  }

 private:
  static constexpr int64_t slice_most = 250'000'000;
  int hurry_;
  int64_t most_;
  int64_t end_;
};

}  // namespace stook
