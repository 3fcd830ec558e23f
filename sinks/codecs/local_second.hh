// SPDX-License-Identifier: Apache-2.0
/// The calendar of the system's zone, for text that ulogd wrote in it.
#pragma once

#include <time.h>

#include <cstdint>

namespace stook {

/// Remembers the last second: rows of a log share theirs. *Rooms:* whoever owns it.
class LocalSecond {
 public:
  /// Valid until the next call.
  const tm& at(int64_t second) {
    if (second != second_ || !is_known_) {
      second_ = second;
      is_known_ = true;
      time_t when = second;
      if (localtime_r(&when, &parts_) == nullptr) {
        parts_ = {};
      }
    }
    return parts_;
  }

 private:
  int64_t second_ = 0;
  bool is_known_ = false;
  tm parts_ = {};
};

}  // namespace stook
