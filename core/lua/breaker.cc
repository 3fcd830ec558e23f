// SPDX-License-Identifier: Apache-2.0
#include "core/lua/breaker.hh"

namespace stook {

void Breaker::fail(bool is_killed, int64_t now) {
  if (is_open()) {
    return;
  }
  if (++errors_ >= errors_most) {
    why_ = "its script failed for 100 rows in a row";
  }
  if (!is_killed) {
    return;
  }
  int64_t& place = killed_at_[kills_++ % kills_most];
  place = now;
  // The place that the next one takes is the oldest of three.
  if (kills_ >= kills_most && now - killed_at_[kills_ % kills_most] <= kills_within) {
    why_ = "its script was ended beyond its budget three times within a minute";
  }
}

}  // namespace stook
