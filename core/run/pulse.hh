// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Pulse: the signs of life of one sink, written by its carrier and read by main.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/meter.hh"
#include "core/base/note.hh"

namespace stook {

/// Times are ns of CLOCK_MONOTONIC; 0 is never, none or not now. Main may see one of them changed and another not yet,
/// which matters to nobody: it looks for what has been so for seconds.
/// *Rooms:* the carrier writes.
struct Pulse {
  /// A payload has come to wait for the sink.
  void take(int64_t sealed_at) {
    if (oldest_at.read() == 0) {
      oldest_at.set(sealed_at);
    }
  }
  /// Payloads have become final; the oldest that is left was sealed then, 0: none is left.
  void move(int64_t now, int64_t oldest_sealed_at) {
    moved_at.set(now);
    oldest_at.set(oldest_sealed_at);
  }
  /// The sink is asked; it may take as long as it likes.
  void ask(int64_t now) { asked_at.set(now); }
  void answer() { asked_at.set(0); }
  /// The sink did not take what it was offered.
  void fail(int64_t now, std::string_view why) {
    reason.write(why);  // first: who sees the failure finds its words
    if (failing_since.read() == 0) {
      failing_since.set(now);
    }
  }
  void recover() { failing_since.set(0); }

  Gauge oldest_at;      // when the oldest payload that waits here was sealed
  Gauge moved_at;       // when something last became final
  Gauge asked_at;       // since when the sink owes an answer
  Gauge failing_since;  // since when it takes nothing
  Note reason;          // of its last failure; stays after it
};

}  // namespace stook
