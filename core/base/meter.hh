// SPDX-License-Identifier: Apache-2.0
/// Floor 0. Counters with one writer each, summed by main when somebody asks.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace stook {

/// A count that only ever grows. One thread adds, any thread reads.
class Counter {
 public:
  void add(uint64_t n) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  // Written by the owner's thread only, read by main: a torn or late value is impossible or harmless, so relaxed.
  std::atomic<uint64_t> value_{0};
};

/// A value that goes up and down, with the same single writer.
class Gauge {
 public:
  void set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  int64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  // As in Counter.
  std::atomic<int64_t> value_{0};
};

/// Counts values by their power of two: bucket i holds values below 2^i, the last one all that are larger.
class Histogram {
 public:
  static constexpr size_t buckets = 44;
  void add(uint64_t value) {
    size_t bucket = static_cast<size_t>(std::bit_width(value));
    counts_[bucket < buckets ? bucket : buckets - 1].add(1);
    sum_.add(value);
  }
  uint64_t count(size_t bucket) const { return counts_[bucket].read(); }
  uint64_t sum() const { return sum_.read(); }

 private:
  Counter counts_[buckets];
  Counter sum_;
};

}  // namespace stook
