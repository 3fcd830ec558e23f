// SPDX-License-Identifier: Apache-2.0
#include "sinks/groups/divider.hh"

#include <algorithm>
#include <utility>

namespace stook {

namespace {
const Payload& whole_of(const Payload& payload) {
  return payload.whole == nullptr ? payload : *payload.whole;
}

// How many bytes of part k lie before `end`.
size_t bytes_before(const Payload& payload, size_t k, size_t end) {
  size_t begin = payload.part(k).begin;
  return end <= begin ? 0 : std::min(end - begin, payload.part_bytes(k).size());
}
}  // namespace

// FNV-1a, and its high bits folded into the low ones, which alone are poor.
size_t Divider::turn_of(std::string_view address, size_t turns) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : address) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  hash ^= hash >> 32;
  hash *= 0xff51afd7ed558ccd;
  return (hash >> 32) % turns;
}

bool Divider::Copies::is_of(const Payload& payload) const {
  return whole == &whole_of(payload) && lane == payload.lane && sequence == payload.sequence;
}

void Divider::copy_parts(const Payload& from, size_t turn, Payload& to) const {
  bool has_ends = from.row_ends().size() == from.rows();
  size_t row = 0;
  size_t at = 0;
  for (size_t k = 0; k < from.parts(); k++) {
    const Payload::Part& part = from.part(k);
    bool is_ours = turn_of(part.address, shares_.size()) == turn;
    if (is_ours && to.parts() == 0) {
      to.begin_part({});
    }
    if (is_ours && !has_ends) {
      to.append(from.part_bytes(k));
    }
    for (size_t r = 0; has_ends && r < part.rows; r++, row++) {
      size_t end = from.row_ends()[row];
      if (is_ours) {
        to.append(from.bytes().substr(at, end - at));
        to.end_row();
      }
      at = end;
    }
    if (is_ours) {
      to.count_rows(part.rows);
    }
  }
  to.lane = from.lane;
  to.sequence = from.sequence;
  to.sealed_at = from.sealed_at;
}

Divider::Copies& Divider::copies_of(const Payload& payload) {
  for (auto& copies : copies_) {
    if (copies->is_of(payload)) {
      return *copies;
    }
  }
  if (spare_.empty()) {
    spare_.push_back(std::make_unique<Copies>());
    spare_.back()->of_turn.resize(shares_.size());
  }
  copies_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  Copies& copies = *copies_.back();
  const Payload& whole = whole_of(payload);
  copies.whole = &whole;
  copies.lane = whole.lane;
  copies.sequence = whole.sequence;
  for (size_t turn = 0; turn < shares_.size(); turn++) {
    copies.of_turn[turn].reset();
    copy_parts(whole, turn, copies.of_turn[turn]);
  }
  return copies;
}

void Divider::add_piece(const Payload& piece, Payload& copy, size_t turn) {
  if (pieces_used_ == pieces_.size()) {
    pieces_.push_back(std::make_unique<Payload>());
  }
  Payload& to = *pieces_[pieces_used_++];
  to.reset();
  copy_parts(piece, turn, to);
  if (to.rows() == 0) {
    pieces_used_--;
    return;
  }
  to.whole = &copy;
  const Payload& whole = *piece.whole;
  for (size_t k = 0; k < whole.parts(); k++) {
    bool is_ours = turn_of(whole.part(k).address, shares_.size()) == turn;
    to.whole_at += is_ours ? bytes_before(whole, k, piece.whole_at) : 0;
  }
  shares_[turn].push_back(&to);
}

void Divider::divide(Shipment shipment) {
  pieces_used_ = 0;
  for (auto& share : shares_) {
    share.clear();
  }
  for (const Payload* payload : shipment) {
    Copies& copies = copies_of(*payload);
    for (size_t turn = 0; turn < shares_.size(); turn++) {
      Payload& copy = copies.of_turn[turn];
      if (payload->whole != nullptr) {
        add_piece(*payload, copy, turn);
      } else if (copy.rows() > 0) {
        shares_[turn].push_back(&copy);
      }
    }
  }
}

// Payloads become final in their order.
void Divider::release(Shipment shipment) {
  const Payload& last = *shipment.back();
  auto found = std::find_if(copies_.begin(), copies_.end(), [&](auto& copies) { return copies->is_of(last); });
  if (found == copies_.end()) {
    return;
  }
  bool is_whole = last.whole_at + last.size() >= whole_of(last).size();
  found += is_whole ? 1 : 0;
  for (auto one = copies_.begin(); one != found; ++one) {
    spare_.push_back(std::move(*one));
  }
  copies_.erase(copies_.begin(), found);
}

}  // namespace stook
