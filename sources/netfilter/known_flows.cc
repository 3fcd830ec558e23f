// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/known_flows.hh"

#include <bit>
#include <cstring>
#include <utility>

#include "core/base/few_bytes.hh"

namespace stook {

// Nearly all messages are short. A place that had a long one keeps its memory, COLD.
void KnownFlow::keep(std::string_view body) {
  size_ = static_cast<uint32_t>(body.size());
  if (size_ <= sizeof body_) {
    copy_few(body_, body.data(), size_);
    return;
  }
  if (long_size_ < size_) {
    long_size_ = std::bit_ceil(size_);
    long_body_ = std::make_unique_for_overwrite<char[]>(long_size_);
  }
  std::memcpy(long_body_.get(), body.data(), size_);
}

// Its slot, or the empty one behind those where it might be.
size_t KnownFlows::slot_of(uint32_t id) const {
  size_t at = home_of(id);
  while (slots_[at].place != 0 && slots_[at].id != id) {
    at = (at + 1) & (slots_.size() - 1);
  }
  return at;
}

KnownFlow* KnownFlows::find(uint32_t id) {
  uint32_t place = slots_[slot_of(id)].place;
  return place == 0 ? nullptr : &at(place - 1);
}

bool KnownFlows::hear(uint32_t id, std::string_view body, int64_t start) {
  KnownFlow* flow = find(id);
  if (flow == nullptr) {
    if (size_ >= most_) {
      return false;
    }
    flow = &add(id);
    flow->start = start;
  }
  flow->keep(body);
  flow->round_ = round_;
  return true;
}

KnownFlow& KnownFlows::add(uint32_t id) {
  if (2 * (size_ + 1) > slots_.size() || (free_.empty() && used_ == blocks_.size() * block_flows)) {
    grow();
  }
  auto place = static_cast<uint32_t>(used_);
  if (free_.empty()) {
    used_++;
  } else {
    place = free_.back();
    free_.pop_back();
  }
  KnownFlow& flow = at(place);
  flow.id_ = id;
  flow.is_there_ = true;
  flow.counts = {};
  slots_[slot_of(id)] = {id, place + 1};
  size_++;
  return flow;
}

// COLD: more places, and twice the slots where half of them would be in use.
void KnownFlows::grow() {
  if (free_.empty() && used_ == blocks_.size() * block_flows) {
    blocks_.push_back(std::make_unique_for_overwrite<KnownFlow[]>(block_flows));
    free_.reserve(blocks_.size() * block_flows);
  }
  if (2 * (size_ + 1) > slots_.size()) {
    std::vector<Slot> before = std::exchange(slots_, std::vector<Slot>(2 * slots_.size()));
    for (const Slot& slot : before) {
      if (slot.place != 0) {
        slots_[slot_of(slot.id)] = slot;
      }
    }
  }
}

const KnownFlow* KnownFlows::take(uint32_t id) {
  size_t slot = slot_of(id);
  uint32_t place = slots_[slot].place;
  if (place == 0) {
    return nullptr;
  }
  remove_slot(slot);
  free_.push_back(place - 1);
  at(place - 1).is_there_ = false;
  return &at(place - 1);
}

// The slots behind it move up as far as they may, so that no search ends before its connection.
void KnownFlows::remove_slot(size_t hole) {
  size_t mask = slots_.size() - 1;
  for (size_t at = (hole + 1) & mask; slots_[at].place != 0; at = (at + 1) & mask) {
    size_t home = home_of(slots_[at].id);
    if (((at - home) & mask) >= ((at - hole) & mask)) {
      slots_[hole] = slots_[at];
      hole = at;
    }
  }
  slots_[hole] = {0, 0};
  size_--;
}

void KnownFlows::end_round() {
  for (size_t place = 0; place < used_; place++) {
    KnownFlow& flow = at(place);
    if (flow.is_there_ && flow.round_ != round_) {
      remove_slot(slot_of(flow.id_));
      flow.is_there_ = false;
      gone_.push_back(static_cast<uint32_t>(place));
    }
  }
}

const KnownFlow* KnownFlows::take_gone() {
  if (gone_.empty()) {
    return nullptr;
  }
  uint32_t place = gone_.back();
  gone_.pop_back();
  free_.push_back(place);
  return &at(place);
}

}  // namespace stook
