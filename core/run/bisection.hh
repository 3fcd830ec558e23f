// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Bisection: finds the rows of a refused shipment that the sink will never take, and spares their neighbours.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/api/sink.hh"
#include "core/base/status.hh"
#include "core/data/payload.hh"

namespace stook {

/// A payload and how it ended.
struct Settled {
  Payload* payload;
  Fate fate;
  /// The last refusal that may have rows of it, 0: there is none.
  uint64_t refusal = 0;
};

/// Fills `piece` with rows [begin, end) of a payload, each with its part's address.
/// REQUIRES: the payload is divisible; the piece is no piece of a piece.
void cut_rows(const Payload& whole, size_t begin, size_t end, Payload& piece);

/// Halves what was refused, and offers the halves from left to right. All rows of all payloads are one sequence; a payload
/// that cannot be divided counts as one row. When a half is taken whole, the guilty row is in the other one, which is
/// halved without being asked for; yet a row counts as refused only after it was refused alone. So one guilty row of n
/// costs 2·log2 n requests at the most, beside the one that was refused first.
/// *Invariants:* rows become final in their order.
class Bisection {
 public:
  /// How many rows, or payloads that cannot be divided, a shipment has.
  static size_t count(Shipment shipment);

  /// Begins with a refused shipment that was offered so often. REQUIRES: count(shipment) > 1. Its payloads stay where
  /// they are until they are collected; the span may go.
  void begin(Shipment shipment, uint32_t attempts);
  bool is_active() const { return !todo_.empty(); }

  /// What is to be offered now: the same, be it payload or piece, until the next `settle` or `split`.
  Shipment offer();
  /// How often the rows at hand were offered; `count_attempt` adds one.
  uint32_t attempts() const { return todo_.back().attempts; }
  void count_attempt() { todo_.back().attempts++; }

  /// The sink took what is at hand, but for these rows of it: what becomes of each is known from here on.
  /// REQUIRES: there is one at least, and what is at hand does not stand alone.
  void judge(std::span<const RefusedRow> refused);
  /// Begins with a shipment of which the same is true. REQUIRES: count(shipment) > 1.
  void begin(Shipment shipment, uint32_t attempts, std::span<const RefusedRow> refused);
  /// What `judge` said of the rows at hand, so that they are not to be offered: null, Done, or Refused and why.
  struct Verdict {
    Fate fate;
    std::string reason;
  };
  const Verdict* verdict() const { return todo_.back().verdict ? &*todo_.back().verdict : nullptr; }

  /// What is at hand was refused: false when it stands alone, else it is halved.
  [[nodiscard]] bool split();
  /// What is at hand is final. Done of a half says that the other one is guilty.
  void settle(Fate fate);
  /// Ends before its time; how many rows of payloads that were not collected are final.
  size_t stop();
  /// Moves the payloads that are final now to the end of `settled`, in their order.
  void collect(std::vector<Settled>& settled);

 private:
  /// Rows of one payload: [begin, end) of the sequence.
  struct Portion {
    Payload* payload;
    size_t begin;
    size_t end;
    Fate worst;
  };
  struct Range {
    size_t begin;
    size_t end;
    uint32_t attempts;
    bool is_guilty;     // known without asking
    bool judges_other;  // the left half of a guilty range: when it is innocent, the right half is not
    std::optional<Verdict> verdict{};
  };
  void gather(Shipment shipment, uint32_t attempts);
  void halve();
  void add(const Portion& portion, const Range& range);

  std::vector<Portion> portions_;
  size_t collected_ = 0;
  size_t final_ = 0;         // rows before this one are final
  std::vector<Range> todo_;  // the next one is the last
  std::array<Payload, 2> pieces_;
  size_t pieces_used_ = 0;
  std::vector<Payload*> offered_;  // empty: to be made
};

}  // namespace stook
