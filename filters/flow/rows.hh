// SPDX-License-Identifier: Apache-2.0
/// Makes rows of flow records, field by field over all records of a run. Room: the worker that runs the filter.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/data/batch.hh"
#include "filters/flow/reader.hh"

namespace stook {

/// The keys of flows that are planned, behind `parse_error`: those that stand for elements, and these.
std::vector<Key> flow_keys();

class FlowRows {
 public:
  /// `first_key`: where flow_keys() begin among the filter's writes.
  explicit FlowRows(size_t first_key);

  /// Fills rows first, first + 1, … with `count` records of a run from `from` on. The rows are empty.
  void put(Batch& batch, const FlowRun& run, const FlowMessage& message, uint32_t from, Row first, uint32_t count);

 private:
  void find_keys(Batch& batch, FlowTemplate& form);
  KeyId planned(const Batch& batch, const std::string& name) const;
  KeyId key_of(Batch& batch, const FlowField& field);

  size_t first_key_;
  std::unordered_map<std::string, size_t> places_;  // of planned keys
};

}  // namespace stook
