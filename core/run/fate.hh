// SPDX-License-Identifier: Apache-2.0
/// Floor 4. What becomes of rows that a trace follows: written by whoever decides it, read by main.
///
/// A note says `SINK` while the row is on its way to that sink, and `SINK`, ns (monotonic), fate and why behind it, with 0x1f
/// between them. The fate is `delivered`, `spooled`, `letter`, `routed` (to the stack for refused rows) or `dropped`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/note.hh"
#include "core/data/payload.hh"
#include "core/data/receipt.hh"

namespace stook {

/// The rows of one payload that are followed. It stands before the payload's receipts, as these go wherever its rows go, and
/// it is told from them by having no ledger; so where no row is followed, one look at the first receipt is all that it costs.
/// *Rooms:* that of whoever holds the payload. COLD.
class FollowedRows final : public Receipt {
 public:
  struct One {
    size_t row;  // position in the payload
    /// Shared with the trace, which may end before the row is final.
    std::shared_ptr<Note> fate;
  };

  static bool is(const Receipt& receipt) { return receipt.ledger == nullptr; }
  /// Among these receipts; null: no row is followed.
  static FollowedRows* of(const std::vector<Receipt*>& receipts) {
    return receipts.empty() || !is(*receipts[0]) ? nullptr : static_cast<FollowedRows*>(receipts[0]);
  }
  /// Those of a payload, to which one is added. They are the payload's once somebody holds them.
  static FollowedRows& in(Payload& payload);
  /// Rows are about to be copied to the end of another payload, which follows them from here on, and holds that.
  static void copy(const Payload& from, size_t first, size_t rows, Payload& to);
  /// By who let go of it last.
  static void end(Receipt& receipt);

  std::vector<One> rows;

 private:
  // It has itself until `end`: payloads hold receipts by plain pointers, and only they know how long this one is wanted.
  std::unique_ptr<FollowedRows> self_;
};

/// What a note says.
struct RowFate {
  std::string sink;
  int64_t at = 0;    // ns, monotonic
  std::string fate;  // empty: it is on its way
  std::string why;
};

/// By the worker, before the payload goes to its carrier.
void begin_fate(Note& note, std::string_view sink);
/// By the carrier, and COLD if a row is followed: says it of all rows of the payload, or of the piece of one, that have no
/// fate yet.
void tell_fate(const Payload& payload, std::string_view fate, std::string_view why);
/// The same of a payload of which only the receipts are left.
void tell_fate(const std::vector<Receipt*>& receipts, std::string_view fate, std::string_view why);
/// Whether a row of this payload, or of this piece of one, is followed.
inline bool is_followed(const Payload& payload) {
  return FollowedRows::of((payload.whole != nullptr ? *payload.whole : payload).receipts) != nullptr;
}
RowFate read_fate(const Note& note);

}  // namespace stook
