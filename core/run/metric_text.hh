// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Writes metrics as Prometheus reads them: the text format 0.0.4, or OpenMetrics 1.0. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace stook {

enum class MetricKind : uint8_t { Counter, Gauge, Histogram };
enum class MetricForm : uint8_t { Prometheus, OpenMetrics };

/// A name and what its samples mean. The name of a counter ends in `_total`. `help` is one sentence without an end.
struct MetricFamily {
  std::string_view name;
  MetricKind kind;
  std::string_view labels;  // their names, for people
  std::string_view help;
};

/// Names and values; those without a value are left out.
using MetricLabels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
/// `element="in",kind="source"`.
std::string label_text(MetricLabels labels);

/// One exposition, family after family. *Invariants:* samples belong to the family that began last.
class MetricText {
 public:
  explicit MetricText(MetricForm form) : form_(form) {}

  void begin(const MetricFamily& family);
  /// `labels`: what label_text gives.
  void sample(const std::string& labels, uint64_t value);
  void sample(const std::string& labels, double value);
  /// ns, written as seconds.
  void seconds(const std::string& labels, int64_t ns);
  /// One bucket of a histogram: how many values were at most `most`, smaller ones included. The last one has no bound.
  void bucket(const std::string& labels, double most, uint64_t count);
  /// The end of a histogram: how many there are, and their sum.
  void sum(const std::string& labels, uint64_t count, double sum);
  /// All of it. Nothing may be added afterwards.
  std::string finish();

  static std::string_view content_type(MetricForm form);

 private:
  void line(std::string_view suffix, const std::string& labels, std::string_view value);

  MetricForm form_;
  std::string name_;
  std::string text_;
};

}  // namespace stook
