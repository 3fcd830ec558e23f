// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Why rows failed in the script that a thread has run last, for who is asked what became of a row.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/data/bundle.hh"

namespace stook {

/// The texts of the first few errors. Written where a row fails, and nowhere else, so that a script that runs well costs nothing.
/// *Rooms:* its thread.
class FaultTexts {
 public:
  static FaultTexts& of_thread();

  /// The first row fails in a run of this instance over this bundle.
  void begin(std::string_view instance, const Bundle& bundle);
  /// The rows from this position of batch.faulted() on fail for that; said again for the same one, the last holds.
  void add(size_t from, std::string_view text);
  /// Why the row at that position failed; empty: it is not known, or another script has run since.
  std::string_view why(std::string_view instance, const Bundle& bundle, size_t at) const;

 private:
  struct One {
    size_t from = 0;
    std::string text;
  };
  std::array<One, 4> all_;
  size_t size_ = 0;
  size_t end_ = SIZE_MAX;  // behind it nothing is known
  std::string instance_;
  const Bundle* bundle_ = nullptr;
  uint64_t sequence_ = 0;
};

}  // namespace stook
