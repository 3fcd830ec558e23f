// SPDX-License-Identifier: Apache-2.0
/// Rows of flows that have ended. Room: the worker that runs the filter.
#pragma once

#include "core/api/plugin.hh"
#include "core/data/batch.hh"
#include "filters/packet/meter_flows/flow.hh"

namespace stook {

/// `are_deltas`: bytes and packets are `orig.raw.pktlen.delta` and so on.
void declare_meter_writes(Wiring& wiring, bool are_deltas);

/// The columns of one batch. *Invariants:* hold for the batch they were made for.
class MeterRows {
 public:
  explicit MeterRows(Batch& batch);
  /// Fills a row, which is empty. Addresses are copied.
  void put(Row row, const MeteredFlow& flow);

 private:
  void put_end(Row row, size_t there, size_t back, const uint64_t (&address)[2], bool is_wide);
  void put_times(Row row, size_t first, int64_t time);
  void set(size_t out, Row row, const Cell& cell) {
    if (columns_[out] != nullptr) {
      columns_[out]->set(row, cell);
    }
  }

  static constexpr size_t outs = 30;
  Arena& arena_;
  Column* columns_[outs];
};

}  // namespace stook
