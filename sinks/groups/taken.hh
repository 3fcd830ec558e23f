// SPDX-License-Identifier: Apache-2.0
/// What a member took of an offer: all but the rows that it named.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/api/sink.hh"
#include "sinks/groups/offer_end.hh"

namespace stook {

/// The offer comes again in pieces, so that each named row comes alone once: the others must not go to the member again.
/// *Rooms:* its sink's carrier.
class Taken {
 public:
  /// The member took what was offered, but for these rows of it.
  void begin(Shipment offer, std::span<const RefusedRow> refused);
  /// Pieces of that offer are still to come.
  explicit operator bool() const { return static_cast<bool>(end_); }
  /// The offer at hand is final: nothing is left when it was the last piece.
  void settle(Shipment offer) { end_ = end_ == OfferEnd::end_of(offer) ? OfferEnd() : end_; }

  /// All: the member has the whole piece. Some: not all of it. Lone: the piece is a row that it refused; see `reason`.
  enum class Share : uint8_t { All, Some, Lone };
  Share look(Shipment piece);
  const std::string& reason() const { return reason_; }

 private:
  /// Bytes [begin, end) of a payload.
  struct Gap {
    OfferEnd end;
    size_t begin;
    std::string reason;
  };

  OfferEnd end_;
  std::vector<Gap> gaps_;
  std::string reason_;
};

}  // namespace stook
