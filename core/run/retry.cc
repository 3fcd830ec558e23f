// SPDX-License-Identifier: Apache-2.0
#include "core/run/retry.hh"

#include <algorithm>

namespace stook {

int64_t Retry::random_part(int64_t most) {
  random_ = random_ * 1664525u + 1013904223u;
  return std::max<int64_t>(1, most / 65536 * (1 + (random_ >> 16)));
}

int64_t Retry::fail(Outcome outcome, int64_t now, int64_t asked) {
  is_failing_ = true;
  since_ = since_ < 0 ? now : since_;
  broken_since_ = outcome != Outcome::Broken ? -1 : broken_since_ < 0 ? now : broken_since_;
  int64_t wait = rules_.most;
  if (asked > 0) {
    wait = std::min(asked, asked_most) + random_part(rules_.first);
  } else if (outcome != Outcome::Misconfigured) {
    pause_ = pause_ == 0 ? rules_.first : std::min(pause_ * 2, rules_.most);
    wait = random_part(pause_);
  }
  if (rules_.give_up > 0 && since_ + rules_.give_up > now) {
    wait = std::min(wait, since_ + rules_.give_up - now);
  }
  at_ = now + wait;
  return wait;
}

void Retry::recover() {
  is_failing_ = false;
  pause_ = 0;
  at_ = -1;
  since_ = -1;
  broken_since_ = -1;
}

}  // namespace stook
