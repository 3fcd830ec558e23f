// SPDX-License-Identifier: Apache-2.0
#include "filters/multiline/lines_judge.hh"

namespace stook {

namespace {
constexpr uint8_t open_state = 1;
}  // namespace

LinesJudge::LinesJudge(const MultilineConfig& config)
    : rule_(judge_of(config.rule)),
      has_rule_(config.rule != Rule::None),
      has_patterns_(config.starts || config.continues || config.ends) {
  MatchLimits limits{static_cast<uint32_t>(config.match_limit)};
  if (config.starts) {
    starts_.emplace(*config.starts, limits);
  }
  if (config.continues) {
    continues_.emplace(*config.continues, limits);
  }
  if (config.ends) {
    ends_.emplace(*config.ends, limits);
  }
}

bool LinesJudge::is_match(const std::optional<Matcher>& matcher, std::string_view line) {
  if (!matcher) {
    return false;
  }
  Matched matched = matcher->match(line);
  limits_ += matched == Matched::Limit ? 1 : 0;
  return matched == Matched::Yes;
}

/// A line that neither begins an event nor continues one by a pattern.
Judged LinesJudge::judge_rest(std::string_view line, uint8_t state) const {
  if (has_rule_) {
    return rule_(line, state);
  }
  if (continues_ || state == 0) {
    return starts_ ? Judged{Turn::Alone, 0} : Judged{Turn::Begins, open_state};
  }
  return {Turn::Follows, state};
}

LineVerdict LinesJudge::judge_by_patterns(std::string_view line, uint8_t state) {
  LineVerdict verdict;
  if (is_match(starts_, line)) {
    verdict.is_start = true;
    verdict.judged = {Turn::Begins, has_rule_ ? rule_(line, 0).state : open_state};
  } else if ((state != 0 || !starts_) && is_match(continues_, line)) {
    verdict.judged = {Turn::Follows, has_rule_ ? rule_(line, state).state : open_state};
  } else {
    verdict.judged = judge_rest(line, state);
  }
  Turn turn = verdict.judged.turn;
  if (ends_ && (turn == Turn::Begins || turn == Turn::Follows) && is_match(ends_, line)) {
    verdict.is_end = true;
    verdict.judged = {turn == Turn::Begins ? Turn::Alone : Turn::Ends, 0};
  }
  return verdict;
}

}  // namespace stook
