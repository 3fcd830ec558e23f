// SPDX-License-Identifier: Apache-2.0
/// Floor 1. A receipt: who still holds a bundle's rows, and how badly it has gone so far.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/base/status.hh"

namespace stook {

class Ledger;

/// One per sealed bundle. The worker running the bundle holds it, and so does each payload made of it, and a filter that
/// keeps rows of it for later; whoever lets go last sends it home to the ledger of its front.
/// *Invariants:* holders ≥ 1 while a bundle or payload refers to it; reaching 0 happens once.
class Receipt {
 public:
  void open(Ledger* ledger_, uint64_t sequence_) {
    ledger = ledger_;
    sequence = sequence_;
    holders_.store(1, std::memory_order_relaxed);
    worst_.store(Fate::Done, std::memory_order_relaxed);
  }
  /// By a holder, for one more.
  void hold() { holders_.fetch_add(1, std::memory_order_relaxed); }
  /// By a holder: says how its part went and lets go. True for the last one, who must send the receipt home.
  [[nodiscard]] bool settle(Fate fate) {
    Fate worst = worst_.load(std::memory_order_relaxed);
    while (fate > worst && !worst_.compare_exchange_weak(worst, fate, std::memory_order_relaxed)) {}
    return holders_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
  /// How many hold it at this moment; for tests and reports.
  int32_t holders() const { return holders_.load(std::memory_order_relaxed); }
  Fate worst() const { return worst_.load(std::memory_order_relaxed); }

  Ledger* ledger = nullptr;
  uint64_t sequence = 0;
  /// The next one on the way home to the same front.
  Receipt* next = nullptr;

 private:
  // Written by every holder. The release of each decrement makes its `worst` visible to the last holder,
  // who acquires; the way home carries it on to the front.
  std::atomic<int32_t> holders_{0};
  std::atomic<Fate> worst_{Fate::Done};
};

}  // namespace stook
