// SPDX-License-Identifier: Apache-2.0
#include "core/run/tap.hh"

#include <algorithm>

namespace stook {

namespace {
/// Of a second of the worker's.
constexpr int64_t share_per_mille = 4;
/// A bundle that has more rows is looked at once so many can be: to hand a few over costs main and the worker as much.
constexpr size_t least_looked = 8;
constexpr int64_t most_budget = 8'000'000;
constexpr int64_t row_cost = 800;
constexpr int64_t test_cost = 10;
constexpr int64_t regex_cost = 400;
/// Steps of a regular expression, then the row counts as one that does not match.
constexpr uint32_t most_steps = 20'000;
/// Any odd number far from 0: which of the rows is picked changes from bundle to bundle.
constexpr uint32_t turn_step = 0x9e3779b1;

int64_t cost_of(const Expression& expression) {
  return test_cost * static_cast<int64_t>(expression.tests().size()) +
         regex_cost * static_cast<int64_t>(expression.regexes().size());
}
}  // namespace

Tap::Tap(const TapWish& wish, Clock clock)
    : wish_(wish), clock_(clock), show_cost_(row_cost), budget_(most_budget), earned_at_(clock()) {
  if (wish_.where) {
    condition_ = std::make_unique<Condition>(*wish_.where, MatchLimits{most_steps});
    ids_.assign(wish_.where->keys().size(), no_key);
    look_cost_ = cost_of(*wish_.where);
  }
}

void Tap::begins(const Passing& at) {
  if (at.instance().id == wish_.element) {
    look(at, at.rows);
  }
}

void Tap::enters(const Passing& at) {
  const Instance& instance = at.instance();
  if (instance.plugin->kind == Kind::Sink && instance.id == wish_.element) {
    look(at, at.rows);
  }
}

void Tap::leaves(const Passing& at, const Selection& faulted) {
  const Instance& instance = at.instance();
  if (instance.plugin->kind == Kind::Sink || instance.id != wish_.element) {
    return;
  }
  if (faulted.is_empty() || instance.on_error == OnError::Pass) {
    look(at, at.rows);
    return;
  }
  rest_ = at.rows;
  rest_.keep_if([&](Row row) { return !std::binary_search(faulted.begin(), faulted.end(), row); });
  look(at, rest_);
}

void Tap::earn() {
  int64_t now = clock_();
  budget_ = std::min(most_budget, budget_ + (now - earned_at_) * share_per_mille / 1000);
  earned_at_ = now;
}

void Tap::bind(const Passing& at) {
  if (!condition_) {
    return;
  }
  for (size_t i = 0; i < ids_.size(); i++) {
    ids_[i] = at.keys.find(wish_.where->keys()[i]);
  }
  Batch batch(at.bundle, passing_, at.keys, {}, unused_);
  condition_->bind(batch, ids_.data());
}

bool Tap::matches(Row row) {
  return !condition_ || condition_->test(row) == Matched::Yes;
}

bool Tap::show(const Passing& at, Row row) {
  Payload* payload = budget_ > 0 ? take() : nullptr;
  if (payload == nullptr) {
    return false;
  }
  size_t before = payload->size();
  payload->append("> ");
  append_row(*payload, at.bundle, at.keys, row, wish_.form);
  payload->append('\n');
  payload->end_row();
  show_cost_ = row_cost + static_cast<int64_t>(payload->size() - before);
  budget_ -= show_cost_;
  return true;
}

void Tap::look(const Passing& at, const Selection& rows) {
  size_t size = rows.size();
  meter.passed.add(size);
  if (size == 0) {
    return;
  }
  earn();
  // Without an expression each row looked at is shown.
  int64_t cost = condition_ ? look_cost_ : show_cost_;
  auto affordable = static_cast<size_t>(std::max<int64_t>(0, budget_) / cost);
  if (budget_ == most_budget) {
    affordable = std::max<size_t>(1, affordable);  // a row that costs more than can be saved
  } else if (affordable < std::min(size, least_looked)) {
    return;
  }
  size_t step = affordable >= size ? 1 : (size + affordable - 1) / affordable;
  turn_ += turn_step;
  bind(at);
  uint64_t looked = 0;
  uint64_t matched = 0;
  uint64_t shown = 0;
  for (size_t i = step == 1 ? 0 : turn_ % std::min(step, size); i < size; i += step) {
    looked++;
    if (matches(rows[i])) {
      matched++;
      shown += show(at, rows[i]) ? 1 : 0;
    }
  }
  budget_ -= condition_ ? look_cost_ * static_cast<int64_t>(looked) : 0;
  meter.looked.add(looked);
  meter.matched.add(matched);
  meter.shown.add(shown);
  hand_over();
}

}  // namespace stook
