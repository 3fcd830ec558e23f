// SPDX-License-Identifier: Apache-2.0
/// What a row has beside its message, which goes to all rows that are made of it. Room: the worker that runs the filter.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/data/batch.hh"

namespace stook {

/// *Invariants:* cells point into the batch's arena, and hold while its rows are emptied and filled again.
class CarriedCells {
 public:
  /// Before the first row of a batch. `message`: the key whose value stays behind.
  void begin(const Batch& batch, KeyId message);
  void take(const Batch& batch, Row row);
  /// Puts what `from` had into rows first, first + 1, …
  void put(Batch& batch, Row from, Row first, uint32_t count) const;

 private:
  struct CarriedCell {
    KeyId key;
    Cell cell;
  };
  std::vector<KeyId> present_;  // keys that rows of the batch have
  std::vector<CarriedCell> cells_;
  std::vector<std::pair<size_t, size_t>> of_row_;
};

/// Port and address of whom a row came from, as bytes; with the port 0 when only the address counts.
void put_exporter(std::string& to, const Batch& batch, KeyId ip, KeyId port, Row row);

}  // namespace stook
