// SPDX-License-Identifier: Apache-2.0
/// Makes a row of a sample of sFlow. Room: the worker that runs the filter.
#pragma once

#include <string>
#include <string_view>

#include "core/data/batch.hh"
#include "filters/flow/sflow.hh"

namespace stook {

/// *Invariants:* names_ hold while the dictionary's stamp is stamp_.
class SampledRows {
 public:
  /// `first_key`: where sampled_keys() begin among the filter's writes.
  explicit SampledRows(size_t first_key) : first_key_(first_key) {}

  /// Fills an empty row. What a sample is cut off of is missing.
  void put(Batch& batch, Row row, const SflowSample& sample, const SflowHead& head);

 private:
  void put_flow(const SflowSample& sample);
  void put_counters(const SflowSample& sample);
  void put_flow_record(uint32_t format, std::string_view body);
  void put_header(XdrReader& record);
  void put_ethernet(std::string_view frame);
  void put_packet(std::string_view packet, uint32_t protocol);
  void put_addresses(XdrReader& record, size_t size);
  void put_router(XdrReader& record);
  void put_unknown(uint32_t format, std::string_view body);
  void set(size_t key, const Cell& cell);
  void set_number(size_t key, uint64_t value) { set(key, Cell::of_unsigned(value)); }
  void set_open(std::string_view name, const Cell& cell);

  size_t first_key_;
  Batch* batch_ = nullptr;  // while `put` runs
  Row row_ = 0;
};

}  // namespace stook
