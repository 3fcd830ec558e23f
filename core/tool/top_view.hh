// SPDX-License-Identifier: Apache-2.0
/// Floor 5. What somebody who looks at `stook top` has asked for by keys: order, filter, pause. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/tool/screen.hh"
#include "core/tool/top_frame.hh"

namespace stook {

class TopView {
 public:
  /// An empty column: the order of the ledger.
  TopView(std::string column, std::string filter, int64_t delay)
      : column_(std::move(column)), filter_(std::move(filter)), delay_(delay) {}

  /// False: it is over.
  [[nodiscard]] bool press(int key);
  /// A picture as it is wished for.
  TopFrame arranged(TopFrame frame) const;
  /// The lines of the screen. `trouble`: why there is nothing newer; empty: there is.
  std::vector<ScreenLine> lines(const TopFrame& frame, std::string_view now, const std::string& trouble,
                                ScreenSize size) const;

  int64_t delay() const { return delay_; }
  bool is_paused() const { return is_paused_; }

 private:
  void type(int key);
  void next_column(bool is_back);
  std::string bottom() const;

  std::string column_;
  std::string filter_;
  std::string typed_;
  int64_t delay_;
  size_t first_ = 0;
  bool is_reverse_ = false;
  bool is_paused_ = false;
  bool is_typing_ = false;
  bool shows_help_ = false;
};

}  // namespace stook
