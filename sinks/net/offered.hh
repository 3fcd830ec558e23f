// SPDX-License-Identifier: Apache-2.0
/// By what a shipment is known when it is offered again.
#pragma once

#include <cstdint>

#include "core/api/sink.hh"

namespace stook {

/// Remembers one shipment. Payloads are used again and pieces of payloads too, so their addresses alone say nothing.
class Offered {
 public:
  /// Whether it is the one that is remembered.
  bool is(Shipment shipment) const {
    return count_ == shipment.size() && count_ > 0 && first_ == mark(*shipment.front()) &&
           last_ == mark(*shipment.back());
  }
  void remember(Shipment shipment) {
    count_ = shipment.size();
    first_ = mark(*shipment.front());
    last_ = mark(*shipment.back());
  }
  void forget() { count_ = 0; }
  bool is_any() const { return count_ > 0; }

 private:
  struct Mark {
    const Payload* whole = nullptr;
    size_t at = 0;
    size_t size = 0;
    uint32_t lane = 0;
    uint64_t sequence = 0;
    bool operator==(const Mark&) const = default;
  };
  static Mark mark(const Payload& payload) {
    return {payload.whole == nullptr ? &payload : payload.whole, payload.whole_at, payload.size(), payload.lane,
            payload.sequence};
  }

  size_t count_ = 0;
  Mark first_;
  Mark last_;
};

}  // namespace stook
