// SPDX-License-Identifier: Apache-2.0
/// Floor 2. Meters that scripts make: one for each instance and name, written by all its replicas, read by whoever reports.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stook {

/// The labels of a meter, by name: `code` is `5xx`.
using MeterLabels = std::map<std::string, std::string>;

/// A count, a value or a distribution. *Rooms:* any replica writes, any thread reads.
class ScriptMeter {
 public:
  enum class Kind : uint8_t { Counter, Gauge, Histogram };
  /// A histogram counts values by their power of two: bucket i holds those below 2^(i - 20), the last one all others.
  static constexpr int buckets = 64;
  static constexpr int first_power = -20;

  ScriptMeter(Kind kind, std::string_view instance, std::string_view family, std::string_view doc, MeterLabels labels);

  Kind kind() const { return kind_; }
  const std::string& instance() const { return instance_; }
  /// `NAME`, or `NAME{LABEL="VALUE",…}`: no two meters of an instance have the same.
  const std::string& name() const { return name_; }
  /// The name without labels: meters of one family have the same kind and the same names of labels.
  const std::string& family() const { return family_; }
  const MeterLabels& labels() const { return labels_; }
  const std::string& doc() const { return doc_; }

  /// Of a counter.
  void count(uint64_t more) { count_.fetch_add(more, std::memory_order_relaxed); }
  /// Of a gauge.
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void change(double by) { value_.fetch_add(by, std::memory_order_relaxed); }
  /// Of a histogram. REQUIRES: value >= 0.
  void observe(double value);

  /// The count of a counter, or of the values of a histogram.
  uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  /// The value of a gauge, or the sum of a histogram's.
  double value() const { return value_.load(std::memory_order_relaxed); }
  bool is_blank() const { return count() == 0 && value() == 0; }
  uint64_t bucket(int i) const { return in_bucket_[i].load(std::memory_order_relaxed); }

 private:
  Kind kind_;
  std::string instance_;
  std::string name_;
  std::string family_;
  MeterLabels labels_;
  std::string doc_;
  // Written by the replicas of one instance, read by who reports: each is right by itself, and a late one is harmless.
  std::atomic<uint64_t> count_{0};
  std::atomic<double> value_{0};
  std::atomic<uint64_t> in_bucket_[buckets] = {};
};

/// The meter of that instance, name and labels, made when there is none. It stays when the last who held it is gone, so that the
/// last report has it, too; but for one that shows nothing.
/// Throws std::invalid_argument: those of that name are of another kind or have other labels, or an instance has more than `most_script_meters`.
std::shared_ptr<ScriptMeter> script_meter(ScriptMeter::Kind kind, std::string_view instance, std::string_view name,
                                          std::string_view doc, MeterLabels labels = {});
inline constexpr size_t most_script_meters = 256;

/// All of them, by instance and name.
std::vector<std::shared_ptr<const ScriptMeter>> script_meters();

/// `counter`, `gauge`, `histogram`.
std::string_view kind_name(ScriptMeter::Kind kind);
/// All of them as a JSON array, and a line each for people; empty: there are none.
std::string script_meters_json();
std::string script_meters_table();

}  // namespace stook
