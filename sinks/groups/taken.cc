// SPDX-License-Identifier: Apache-2.0
#include "sinks/groups/taken.hh"

namespace stook {

void Taken::begin(Shipment offer, std::span<const RefusedRow> refused) {
  end_ = OfferEnd::end_of(offer);
  gaps_.clear();
  size_t first = 0;  // row of the payload
  size_t next = 0;
  for (Payload* const& payload : offer) {
    size_t rows = payload->is_divisible() ? payload->rows() : 1;
    for (; next < refused.size() && refused[next].row < first + rows; next++) {
      size_t row = refused[next].row - first;
      OfferEnd whole = OfferEnd::end_of({&payload, 1});
      size_t from = row == 0 ? 0 : payload->row_ends()[row - 1];
      size_t to = rows == 1 ? payload->size() : payload->row_ends()[row];
      whole.end = payload->whole_at + to;
      gaps_.push_back({whole, payload->whole_at + from, refused[next].reason});
    }
    first += rows;
  }
}

Taken::Share Taken::look(Shipment piece) {
  for (Payload* const& payload : piece) {
    OfferEnd whole = OfferEnd::end_of({&payload, 1});
    for (const Gap& gap : gaps_) {
      bool is_same = gap.end.whole == whole.whole && gap.end.lane == whole.lane && gap.end.sequence == whole.sequence;
      if (is_same && gap.begin >= payload->whole_at && gap.end.end <= whole.end) {
        reason_ = gap.reason;
        return stands_alone(piece) ? Share::Lone : Share::Some;
      }
    }
  }
  return Share::All;
}

}  // namespace stook
