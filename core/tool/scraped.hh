// SPDX-License-Identifier: Apache-2.0
/// Floor 5. The metrics of a running stookd, read back from their text (Prometheus 0.0.4, as core/run/metric_text.hh
/// writes it). Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stook {

struct ScrapedSample {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;

  /// Empty when there is no such label.
  std::string_view label(std::string_view name_) const;
  bool has(const std::vector<std::pair<std::string_view, std::string_view>>& wanted) const;
};

/// All samples of one answer, in order.
class Scraped {
 public:
  using Wanted = std::vector<std::pair<std::string_view, std::string_view>>;

  Scraped() = default;
  /// Lines that are no samples are passed over.
  explicit Scraped(std::string_view text);

  const std::vector<ScrapedSample>& samples() const { return samples_; }
  /// The sum of the samples of that name that have these labels.
  double sum(std::string_view name, const Wanted& wanted = {}) const;
  /// The largest of them; 0: there is none.
  double most(std::string_view name, const Wanted& wanted = {}) const;

 private:
  std::vector<ScrapedSample> samples_;
};

}  // namespace stook
