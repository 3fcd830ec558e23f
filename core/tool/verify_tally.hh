// SPDX-License-Identifier: Apache-2.0
/// Floor 5. What `stook verify` counts: numbered lines, as the source `made` writes them with `numbered`.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stook {

/// The numbers of one stream, which begin with 1. Memory: a bit for each number up to the largest.
class NumberTally {
 public:
  /// The largest number that is taken for one; a larger one is none.
  static constexpr uint64_t most = uint64_t{1} << 33;

  void take(uint64_t number);

  uint64_t largest() const { return largest_; }
  /// Lines, repeated ones included.
  uint64_t count() const { return count_; }
  uint64_t repeated() const { return repeated_; }
  /// Numbers that came behind a larger one, repeated ones not counted.
  uint64_t disordered() const { return disordered_; }
  /// Numbers up to `end` that did not come; 0: up to the largest that did.
  uint64_t missing(uint64_t end) const;
  /// The first of these as ranges, both ends included; at most `ranges`.
  std::vector<std::pair<uint64_t, uint64_t>> gaps(uint64_t end, size_t ranges) const;

 private:
  bool has(uint64_t number) const { return number < seen_.size() && seen_[number]; }

  std::vector<bool> seen_;
  uint64_t largest_ = 0;
  uint64_t count_ = 0;
  uint64_t repeated_ = 0;
  uint64_t disordered_ = 0;
};

/// How long lines took, in classes that are a tenth apart.
class LatencyTally {
 public:
  void take(int64_t ns);
  uint64_t count() const { return count_; }
  int64_t largest() const { return largest_; }
  /// The time within which this part of the lines came, from above by a tenth at the most.
  int64_t within(double part) const;

 private:
  static constexpr size_t classes = 360;
  std::array<uint64_t, classes> counts_{};
  uint64_t count_ = 0;
  int64_t largest_ = 0;
};

/// All lines.
class Tally {
 public:
  /// `now`: when the line came (ns since 1970), 0: nobody knows.
  void take(std::string_view line, int64_t now);

  std::map<std::string, NumberTally, std::less<>> streams;
  LatencyTally latency;
  uint64_t lines = 0;
  uint64_t unnumbered = 0;
};

}  // namespace stook
