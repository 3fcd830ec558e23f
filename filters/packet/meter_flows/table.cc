// SPDX-License-Identifier: Apache-2.0
#include "filters/packet/meter_flows/table.hh"

#include <algorithm>
#include <bit>
#include <new>

namespace stook {

namespace {

constexpr uint8_t tcp = 6;
constexpr size_t evict_choice = 16;

/// Both sides have closed it, or one has reset it.
bool is_closed(const MeteredFlow& flow) {
  bool is_reset = ((flow.flags[0] | flow.flags[1]) & tcp_flag_rst) != 0;
  return is_reset || (flow.flags[0] & flow.flags[1] & tcp_flag_fin) != 0;
}

template <class T>
T* memory(void* got) {
  if (got == nullptr) {
    throw std::bad_alloc();
  }
  return static_cast<T*>(got);
}

}  // namespace

MeterTable::MeterTable(const MeterRules& rules)
    : rules_(rules),
      mask_(std::bit_ceil(2 * rules.most) - 1),
      slots_(memory<Slot>(std::calloc(mask_ + 1, sizeof(Slot)))),
      flows_(memory<MeteredFlow>(
          std::aligned_alloc(alignof(MeteredFlow), (rules.most + most_ended) * sizeof(MeteredFlow)))) {}

void MeterTable::fetch_flow(uint32_t hash) const {
  const Slot& slot = slots_[hash & mask_];
  if (slot.place != 0) {
    const char* flow = reinterpret_cast<const char*>(&flows_[slot.place - 1]);
    __builtin_prefetch(flow, 1);
    __builtin_prefetch(flow + 64, 1);
  }
}

// The slot of the packet's flow, or the empty one behind those where it might be.
size_t MeterTable::slot_of(const MeteredPacket& packet) const {
  size_t at = packet.hash & mask_;
  while (slots_[at].place != 0 &&
         (slots_[at].hash != packet.hash || !(flows_[slots_[at].place - 1].key == packet.key))) {
    at = (at + 1) & mask_;
  }
  return at;
}

bool MeterTable::is_over(const MeteredFlow& flow, int64_t time) const {
  int64_t silence = time - flow.last;
  return silence >= (is_closed(flow) ? std::min(rules_.closed, rules_.inactive) : rules_.inactive) ||
         -silence >= rules_.inactive;
}

FlowEnd MeterTable::end_of(const MeteredFlow& flow, const MeteredPacket& packet) const {
  bool begins = (packet.flags & (tcp_flag_syn | tcp_flag_ack)) == tcp_flag_syn;
  if (is_closed(flow) && (begins || is_over(flow, packet.time))) {
    return FlowEnd::Closed;
  }
  if (is_over(flow, packet.time)) {
    return FlowEnd::Idle;
  }
  return packet.time - flow.start >= rules_.active ? FlowEnd::Active : FlowEnd::Open;
}

void MeterTable::take(const MeteredPacket& packet) {
  size_t at = slot_of(packet);
  uint32_t place = slots_[at].place - 1;
  bool is_new = slots_[at].place == 0;
  FlowEnd why = is_new ? FlowEnd::Open : end_of(flows_[place], packet);
  if (why != FlowEnd::Open) {
    bool is_from_high = flows_[place].is_from_high;
    end(place, why);
    place = begin(packet);
    flows_[place].is_from_high = why == FlowEnd::Active ? is_from_high : flows_[place].is_from_high;
  } else if (is_new) {
    place = begin(packet);
  }
  MeteredFlow& flow = flows_[place];
  size_t way = packet.is_from_high == flow.is_from_high ? 0 : 1;
  flow.start = std::min(flow.start, packet.time);
  flow.last = std::max(flow.last, packet.time);
  flow.bytes[way] += packet.bytes;
  flow.packets[way]++;
  flow.flags[way] |= packet.flags;
}

uint32_t MeterTable::begin(const MeteredPacket& packet) {
  if (open_ >= rules_.most) {
    evict();
  }
  uint32_t place = free_ != none ? free_ : static_cast<uint32_t>(used_++);
  free_ = free_ != none ? flows_[place].next : none;
  // The answer to a SYN came first: the other side began.
  bool is_answer =
      packet.key.protocol() == tcp && (packet.flags & tcp_flag_syn) != 0 && (packet.flags & tcp_flag_ack) != 0;
  MeteredFlow flow{};
  flow.key = packet.key;
  flow.start = flow.last = packet.time;
  flow.hash = packet.hash;
  flow.next = none;
  flow.in = packet.in;
  flow.out = packet.out;
  flow.icmp_type = packet.icmp_type;
  flow.icmp_code = packet.icmp_code;
  flow.is_there = true;
  flow.is_from_high = packet.is_from_high != is_answer;
  flows_[place] = flow;
  slots_[slot_of(packet)] = {packet.hash, place + 1};
  open_++;
  return place;
}

void MeterTable::end(uint32_t place, FlowEnd why) {
  remove_slot(place);
  queue(place, why);
}

void MeterTable::queue(uint32_t place, FlowEnd why) {
  MeteredFlow& flow = flows_[place];
  flow.end = why;
  flow.is_there = false;
  flow.next = none;
  (ended_ == 0 ? first_ended_ : flows_[last_ended_].next) = place;
  last_ended_ = place;
  ended_++;
  open_--;
}

// The slots behind it move up as far as they may, so that no search ends before its flow.
void MeterTable::remove_slot(uint32_t place) {
  size_t hole = flows_[place].hash & mask_;
  while (slots_[hole].place != place + 1) {
    hole = (hole + 1) & mask_;
  }
  for (size_t at = (hole + 1) & mask_; slots_[at].place != 0; at = (at + 1) & mask_) {
    size_t home = slots_[at].hash & mask_;
    if (((at - home) & mask_) >= ((at - hole) & mask_)) {
      slots_[hole] = slots_[at];
      hole = at;
    }
  }
  slots_[hole] = {0, 0};
}

void MeterTable::look(size_t places, int64_t clock) {
  for (size_t i = 0; i < places && used_ > 0; i++) {
    hand_ = hand_ < used_ ? hand_ : 0;
    const MeteredFlow& flow = flows_[hand_];
    if (flow.is_there && is_over(flow, clock)) {
      end(static_cast<uint32_t>(hand_), is_closed(flow) ? FlowEnd::Closed : FlowEnd::Idle);
    }
    hand_++;
  }
}

void MeterTable::evict() {
  uint32_t oldest = none;
  for (size_t seen = 0; seen < evict_choice && seen < open_; hand_++) {
    hand_ = hand_ < used_ ? hand_ : 0;
    const MeteredFlow& flow = flows_[hand_];
    if (flow.is_there) {
      bool is_older = oldest == none || flow.last < flows_[oldest].last;
      oldest = is_older ? static_cast<uint32_t>(hand_) : oldest;
      seen++;
    }
  }
  end(oldest, FlowEnd::Lack);
  evicted_++;
}

// Places are gone through in order, but their slots lie anywhere: of many flows all slots are emptied at once.
void MeterTable::end_all() {
  bool are_many = open_ > mask_ / 16;
  for (size_t place = 0; place < used_ && open_ > 0; place++) {
    if (flows_[place].is_there) {
      FlowEnd why = is_closed(flows_[place]) ? FlowEnd::Closed : FlowEnd::Forced;
      are_many ? queue(static_cast<uint32_t>(place), why) : end(static_cast<uint32_t>(place), why);
    }
  }
  if (are_many) {
    std::fill_n(slots_.get(), mask_ + 1, Slot{0, 0});
  }
}

void MeterTable::drop_ended() {
  uint32_t place = first_ended_;
  first_ended_ = flows_[place].next;
  flows_[place].next = free_;
  free_ = place;
  ended_--;
}

}  // namespace stook
