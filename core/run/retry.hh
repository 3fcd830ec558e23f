// SPDX-License-Identifier: Apache-2.0
/// Floor 4. When a sink that would not take a shipment is asked again.
#pragma once

#include <cstdint>

#include "core/base/status.hh"
#include "core/plan/plan.hh"

namespace stook {

/// Back-off of one sink. Times are ns of the monotonic clock, and come from the caller.
///
/// Again and Broken: after a random part of a pause that doubles from `first` to `most`. Misconfigured: each `most`. What a
/// peer asks for is granted up to five minutes, and a random part of `first` is added, so that many clients do not come
/// back at once.
class Retry {
 public:
  Retry(const RetryRules& rules, uint32_t seed) : rules_(rules), random_(seed) {}

  /// The sink did not take it, and the peer asks to wait `asked` ns, or 0. Returns how long it has to wait.
  int64_t fail(Outcome outcome, int64_t now, int64_t asked);
  /// The sink took it, or refused it: all is forgotten.
  void recover();
  /// The shipment that failed is out of the way; the next one has all of its time.
  void next_shipment() { since_ = -1; }
  /// Ask at once.
  void hurry() { at_ = -1; }

  bool is_failing() const { return is_failing_; }
  bool is_early(int64_t now) const { return at_ >= 0 && now < at_; }
  /// When to ask again, or -1: now.
  int64_t at() const { return at_; }
  /// `give_up` is over since the shipment's first failure.
  bool is_over(int64_t now) const { return rules_.give_up > 0 && since_ >= 0 && now - since_ >= rules_.give_up; }
  /// The device has not worked for ten minutes.
  bool is_broken(int64_t now) const { return broken_since_ >= 0 && now - broken_since_ >= broken_after; }

  static constexpr int64_t broken_after = 600'000'000'000;
  static constexpr int64_t asked_most = 300'000'000'000;

 private:
  // A number from 1 to `most`.
  int64_t random_part(int64_t most);

  const RetryRules& rules_;
  uint32_t random_;
  bool is_failing_ = false;
  int64_t pause_ = 0;
  int64_t at_ = -1;
  int64_t since_ = -1;         // the first failure of the shipment at hand
  int64_t broken_since_ = -1;  // the first Broken of those without another answer between them
};

}  // namespace stook
