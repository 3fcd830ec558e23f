// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Breaker: tells a script that fails now and then from one that is hopeless.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace stook {

/// A script is hopeless after 100 rows in a row that failed, or after three calls within a minute that were ended beyond
/// their budget. It stays so. *Rooms:* its element's.
class Breaker {
 public:
  static constexpr size_t errors_most = 100;
  static constexpr size_t kills_most = 3;
  static constexpr int64_t kills_within = 60'000'000'000;

  /// A row went well.
  void well() { errors_ = 0; }
  /// A row failed; the call was ended beyond its budget, or not. `now`: monotonic ns.
  void fail(bool is_killed, int64_t now);

  bool is_open() const { return !why_.empty(); }
  /// A part of a sentence; empty while there is hope.
  std::string_view why() const { return why_; }

 private:
  size_t errors_ = 0;  // since a row last went well
  size_t kills_ = 0;
  int64_t killed_at_[kills_most] = {};  // the last ones, in turn
  std::string_view why_;
};

}  // namespace stook
