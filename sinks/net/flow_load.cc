// SPDX-License-Identifier: Apache-2.0
#include "sinks/net/flow_load.hh"

#include "core/base/clock.hh"
#include "core/data/flow_elements.hh"
#include "sinks/net/frames.hh"

namespace stook {

void FlowLoad::begin() {
  next_ = {};
  refused_.clear();
}

void FlowLoad::pack(Shipment shipment) {
  int64_t now = monotonic_ns();
  FlowPlace begin = next_;
  while (ready_.size() + 1 < most_ready && next_.payload < shipment.size()) {
    PayloadRows rows(*shipment[next_.payload]);
    if (next_.row >= rows.size()) {
      next_ = {next_.payload + 1, 0, 0};
      continue;
    }
    std::string_view rest = rows[next_.row].substr(next_.done);
    size_t left = rest.size();
    FlowPiece piece;
    if (!next_piece(rest, piece)) {
      if (left > 0) {
        refuse(shipment, next_);
      }
      next_ = {next_.payload, next_.row + 1, 0};
      continue;
    }
    if (!packer_.add(piece, now)) {
      finish(begin, now);
      begin = next_;
      continue;
    }
    next_.done += left - rest.size();
  }
  if (!packer_.is_empty()) {
    finish(begin, now);
  }
}

void FlowLoad::finish(const FlowPlace& begin, int64_t now) {
  uint32_t records = packer_.records();
  ready_.push_back({packer_.take(wall_ns(), flow_boot(), now), records, begin});
}

// Only when somebody sets another format.
void FlowLoad::refuse(Shipment shipment, const FlowPlace& place) {
  size_t row = place.row;
  for (size_t i = 0; i < place.payload; i++) {
    row += PayloadRows(*shipment[i]).size();
  }
  if (refused_.empty() || refused_.back().row < row) {
    refused_.push_back({row, "the row is no flow record; leave `format` as it is"});
  }
}

void FlowLoad::begin_session() {
  if (!ready_.empty()) {
    next_ = ready_.front().begin;
  }
  let_go();
  packer_.restart();
}

void FlowLoad::let_go() {
  uint32_t records = 0;
  for (const ReadyMessage& message : ready_) {
    records += message.records;
  }
  if (!ready_.empty()) {
    packer_.take_back(static_cast<uint32_t>(ready_.size()), records);
  }
  ready_.clear();
}

}  // namespace stook
