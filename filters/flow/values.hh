// SPDX-License-Identifier: Apache-2.0
/// The values of one field in records that stand one behind the other. Room: the worker that runs the filter.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/data/batch.hh"
#include "filters/flow/reader.hh"

namespace stook {

/// Puts values into rows first, first + 1, …
class FlowValues {
 public:
  /// `stride`: from one record to the next; with one record it does not matter.
  FlowValues(Batch& batch, const FlowClock& clock, size_t stride, Row first, uint32_t count)
      : batch_(batch), clock_(clock), stride_(stride), first_(first), count_(count) {}

  /// `bytes`: the field's in the first of the records.
  void put(const FlowField& field, std::string_view bytes);

 private:
  template <class Make>
  void put_each(KeyId key, const char* at, Make&& make);
  void put_unsigned(KeyId key, std::string_view bytes);
  void put_time(const FlowField& field, std::string_view bytes);
  void put_mac(KeyId key, const char* at);
  void put_text(KeyId key, std::string_view bytes);
  int64_t time_of(const FlowField& field, const char* at) const;

  Batch& batch_;
  const FlowClock& clock_;
  size_t stride_;
  Row first_;
  uint32_t count_;
};

}  // namespace stook
