// SPDX-License-Identifier: Apache-2.0
/// One `multiline`'s judgement of lines: its own patterns first, then its rule.
#pragma once

#include <optional>
#include <string_view>

#include "core/api/regex.hh"
#include "filters/multiline/config.hh"

namespace stook {

/// What a line is to its stream, and which of the patterns it is a token of.
struct LineVerdict {
  Judged judged;
  bool is_start = false;
  bool is_end = false;
};

/// A line that matches `start` begins an event; else one that matches `continue` belongs to the one before. Without a
/// rule, what neither matches belongs to the event when there is no `continue`, else begins one; with a `start`, nothing
/// else begins an event. A line that matches `end` is the last one.
/// *Rooms:* one replica, its worker.
class LinesJudge {
 public:
  explicit LinesJudge(const MultilineConfig& config);
  LineVerdict judge(std::string_view line, uint8_t state) {
    return has_patterns_ ? judge_by_patterns(line, state) : LineVerdict{rule_(line, state)};
  }
  /// How often a search was given up since the last call; the pattern counts as not matched.
  uint64_t take_limits() {
    uint64_t limits = limits_;
    limits_ = 0;
    return limits;
  }

 private:
  LineVerdict judge_by_patterns(std::string_view line, uint8_t state);
  Judged judge_rest(std::string_view line, uint8_t state) const;
  bool is_match(const std::optional<Matcher>& matcher, std::string_view line);

  Judge rule_;
  bool has_rule_;
  bool has_patterns_;
  std::optional<Matcher> starts_;
  std::optional<Matcher> continues_;
  std::optional<Matcher> ends_;
  uint64_t limits_ = 0;
};

}  // namespace stook
