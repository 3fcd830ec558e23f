// SPDX-License-Identifier: Apache-2.0
/// When a program or a script that has ended is started again.
#pragma once

#include <algorithm>
#include <cstdint>

namespace stook {

/// Pauses begin with 0.2 s, double up to a minute, and begin anew after a run of 10 s, which was a good one.
/// *Rooms:* whoever owns it.
class Restarts {
 public:
  /// The program is started, or cannot be.
  void begin(int64_t now) { begun_ = now; }
  /// When it was started last, ns.
  int64_t begun() const { return begun_; }
  /// How long to wait now that it has ended, ns.
  int64_t pause(int64_t now) {
    pause_ = pause_ == 0 || now - begun_ >= good_run ? first : std::min(2 * pause_, most);
    return pause_;
  }

 private:
  static constexpr int64_t second = 1'000'000'000;
  static constexpr int64_t first = second / 5;
  static constexpr int64_t most = 60 * second;
  static constexpr int64_t good_run = 10 * second;
  int64_t begun_ = 0;
  int64_t pause_ = 0;
};

}  // namespace stook
