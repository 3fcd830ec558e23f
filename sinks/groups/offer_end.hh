// SPDX-License-Identifier: Apache-2.0
/// The end of what was offered to a group, by which it knows it when it is offered again, whole or in pieces.
#pragma once

#include <cstdint>

#include "core/api/sink.hh"

namespace stook {

/// A byte of a payload, behind which the next offer begins once this one is final. What is offered again, and the pieces of
/// a refused shipment, come in their order and end with the same one.
struct OfferEnd {
  const Payload* whole = nullptr;
  uint32_t lane = 0;
  uint64_t sequence = 0;
  size_t end = 0;

  static OfferEnd end_of(Shipment shipment) {
    const Payload& last = *shipment.back();
    const Payload* whole = last.whole == nullptr ? &last : last.whole;
    return {whole, last.lane, last.sequence, last.whole_at + last.size()};
  }
  bool operator==(const OfferEnd&) const = default;
  explicit operator bool() const { return whole != nullptr; }
};

/// What is refused now is final: it cannot be offered in smaller pieces.
inline bool stands_alone(Shipment shipment) {
  return shipment.size() == 1 && !shipment[0]->is_divisible();
}

}  // namespace stook
