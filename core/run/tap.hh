// SPDX-License-Identifier: Apache-2.0
/// Floor 4. A tap: shows the rows that pass behind one element, on one worker.
///
/// Its bound is a budget of time, so that it costs the same whatever passes: of each second a worker gives it 4 ms, and
/// what is not used is kept up to 8 ms. What a row takes is reckoned, not measured, so that a slow machine shows as many
/// rows as a fast one: some 800 ns and one for each byte to show it, 10 ns for each comparison of the expression to look at
/// it, 400 for each regular expression. While the budget lasts every row is looked at and every one that matches is shown: at
/// 1,000 bytes a row some 2,200 a second for each worker. Beyond that, some rows are picked evenly from a bundle, as soon as eight
/// of them can be paid for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/api/expression.hh"
#include "core/run/post.hh"
#include "core/run/row_text.hh"

namespace stook {

/// What is asked for.
struct TapWish {
  std::string element;
  RowForm form = RowForm::Line;
  /// Shared by the taps of all workers; null: all rows.
  std::shared_ptr<const Expression> where;
};

/// *Rooms:* its worker; made by main.
class Tap final : public Post {
 public:
  using Clock = int64_t (*)();
  Tap(const TapWish& wish, Clock clock);

  void begins(const Passing& at) override ROOM(worker);
  void enters(const Passing& at) override ROOM(worker);
  void leaves(const Passing& at, const Selection& faulted) override ROOM(worker);
  void ends(const Bundle&) override ROOM(worker) {}

 private:
  void look(const Passing& at, const Selection& rows) ROOM(worker);
  void earn() ROOM(worker);
  void bind(const Passing& at) ROOM(worker);
  bool matches(Row row) ROOM(worker);
  bool show(const Passing& at, Row row) ROOM(worker);

  const TapWish wish_;
  Clock clock_;
  std::unique_ptr<Condition> condition_;
  std::vector<KeyId> ids_;
  Selection passing_;
  Selection rest_;  // of what passes, without those that failed
  ElementMeter unused_;
  int64_t look_cost_ = 0;  // ns a row
  int64_t show_cost_;      // ns a row, by the last one
  int64_t budget_;         // ns
  int64_t earned_at_ = 0;
  uint32_t turn_ = 0;
};

}  // namespace stook
