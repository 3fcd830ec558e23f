// SPDX-License-Identifier: Apache-2.0
/// Divides what a group is offered by the addresses of its parts: each address has its turn, and always the same.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "core/api/sink.hh"

namespace stook {

/// The rows of each turn are copied into payloads without addresses. A copy lives until its payload is final, and pieces
/// of the payload become pieces of the copy, so that members know what is offered again.
/// *Rooms:* its sink's carrier.
class Divider {
 public:
  explicit Divider(size_t turns) : shares_(turns) {}

  /// The turn of an address: a number below `turns`, the same in every process and for all time.
  static size_t turn_of(std::string_view address, size_t turns);

  /// Divides what is offered; it lives until the next call.
  void divide(Shipment shipment);
  /// What was divided last: the rows of one turn, maybe none.
  Shipment share(size_t turn) const { return shares_[turn]; }
  /// The shipment is final.
  void release(Shipment shipment);

 private:
  struct Copies {
    const Payload* whole = nullptr;
    uint32_t lane = 0;
    uint64_t sequence = 0;
    std::vector<Payload> of_turn;
    bool is_of(const Payload& payload) const;
  };
  Copies& copies_of(const Payload& payload);
  void copy_parts(const Payload& from, size_t turn, Payload& to) const;
  void add_piece(const Payload& piece, Payload& copy, size_t turn);

  std::vector<std::vector<Payload*>> shares_;
  std::deque<std::unique_ptr<Copies>> copies_;  // the oldest first
  std::vector<std::unique_ptr<Copies>> spare_;
  std::vector<std::unique_ptr<Payload>> pieces_;
  size_t pieces_used_ = 0;
};

}  // namespace stook
