// SPDX-License-Identifier: Apache-2.0
#include "core/spool/relay.hh"

#include <utility>

#include "core/base/link.hh"

namespace stook {

namespace {
// Of one record: what a payload keeps of its buffer when it is reset. Of all: as much as the reader takes at once.
constexpr size_t weight_of_one_most = 1 << 20;
constexpr size_t weight_most = 8 << 20;
}  // namespace

SpoolRelay::SpoolRelay(size_t records)
    : pool_(records, [] { return std::make_unique<Relayed>(); }), link_(std::make_unique<Link<Relayed>>(records + 1)) {}

SpoolRelay::~SpoolRelay() = default;

void SpoolRelay::pass(const RecordPlace& place, Payload& payload, int64_t sealed_at) {
  while (Relayed* back = link_->come_home()) {
    weight_ -= back->weight;
    back->payload.reset();
    pool_.put(back);
  }
  const size_t weight = payload.capacity();
  if (weight > weight_of_one_most || weight_ + weight > weight_most) {
    return;
  }
  Relayed* record = pool_.take();
  if (record == nullptr) {
    return;
  }
  record->place = place;
  record->payload.exchange_rows(payload);
  record->payload.sealed_at = sealed_at;
  record->weight = weight;
  weight_ += weight;
  link_->send(record);
}

const RecordPlace* SpoolRelay::find(uint64_t segment, uint64_t offset) {
  while (const Relayed* oldest = link_->peek()) {
    const auto here = std::pair(segment, offset);
    const auto there = std::pair(oldest->place.segment, oldest->place.begin);
    if (there >= here) {
      return there == here ? &oldest->place : nullptr;
    }
    link_->give_back(link_->receive());
  }
  return nullptr;
}

void SpoolRelay::take(Payload& into) {
  Relayed* record = link_->receive();
  into.exchange_rows(record->payload);
  into.sealed_at = record->payload.sealed_at;
  link_->give_back(record);
}

}  // namespace stook
