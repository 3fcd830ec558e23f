// SPDX-License-Identifier: Apache-2.0
/// Floor 4. The last rows that came to nothing on one thread, and why.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/meter.hh"
#include "core/base/note.hh"

namespace stook {

/// A row that failed, was refused or was dropped for a fault.
struct ReasonNote {
  int64_t time = 0;   // ns since 1970 UTC
  uint64_t rows = 1;  // of one cause, of which this is the first
  std::string element;
  std::string fate;  // what became of it: `dropped`, `letter`, `routed`
  std::string id;    // of the row (`stook.id`), empty when it has none
  std::string why;
  std::string row;  // its begin
};

/// A ring of short notes with one writer, which any thread may read. A note is made only where a row is lost or set aside:
/// at most `most_each` of one cause at a time, and a hundred a second beyond the first ones. It is cut to some 240 bytes,
/// the row first.
/// *Rooms:* the thread that owns it writes, main reads.
class ReasonRing {
 public:
  static constexpr size_t size = 64;
  /// Rows of one bundle or payload that are noted one by one.
  static constexpr size_t most_each = 4;

  /// Whether there is time for some more notes. To be asked before they are made.
  [[nodiscard]] bool has_time(int64_t now);
  /// COLD.
  void add(const ReasonNote& reason);
  /// The oldest first.
  std::vector<ReasonNote> read() const;

 private:
  std::array<Note, size> notes_;
  Counter written_;
  int64_t rested_at_ = 0;  // ns, monotonic: notes until then have been paid for
};

}  // namespace stook
