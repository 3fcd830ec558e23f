// SPDX-License-Identifier: Apache-2.0
/// The connections that a source has heard of, so that their begin is known at their end, and so that those whose end was not told
/// are found. Room: the source's front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "sources/netfilter/tracked_flow.hh"

namespace stook {

/// A connection as it was last heard of. What its end asks for is in the first line of the cache.
class alignas(64) KnownFlow {
 public:
  int64_t start;         // ns since 1970, 0: not known
  CarriedCounts counts;  // what rows have told of it

  /// The kernel's message, at a multiple of eight.
  std::string_view body() const { return {size_ > sizeof body_ ? long_body_.get() : body_, size_}; }

 private:
  friend class KnownFlows;
  void keep(std::string_view body);

  uint32_t id_;
  uint32_t round_;
  uint32_t size_;
  uint32_t long_size_ = 0;
  std::unique_ptr<char[]> long_body_;  // where `body_` is too small
  bool is_there_;
  alignas(8) char body_[184];
};
static_assert(sizeof(KnownFlow) == 256);

/// An open-addressed index of 8 bytes a slot over connections that keep their place until they are taken; places are used again.
/// *Invariants:* holds at most `most` connections; at least half of the slots are empty. *Rooms:* its source's front.
class KnownFlows {
 public:
  explicit KnownFlows(size_t most) : most_(most) {}

  /// Heard of: kept, or renewed. False: there is no room for it. COLD when there are more than ever before.
  bool hear(uint32_t id, std::string_view body, int64_t start);
  /// Takes it out; null: it was not known. Valid until something is heard.
  [[nodiscard]] const KnownFlow* take(uint32_t id);
  /// The one with this number, or null. Valid until it is taken.
  [[nodiscard]] KnownFlow* find(uint32_t id);
  size_t size() const { return size_; }

  /// A list of all begins: who is not heard of until `end_round` is gone.
  void begin_round() { round_++; }
  /// COLD: takes out who was not heard of in this round.
  void end_round();
  /// One of those, or null when there is none left. Valid until something is heard.
  [[nodiscard]] const KnownFlow* take_gone();

 private:
  struct Slot {
    uint32_t id;
    uint32_t place;  // counted from 1; 0: the slot is empty
  };
  static constexpr size_t block_flows = 1024;

  KnownFlow& at(size_t place) const { return blocks_[place / block_flows][place % block_flows]; }
  size_t home_of(uint32_t id) const {
    constexpr uint64_t odd = 0x9e3779b97f4a7c15;
    return static_cast<size_t>((id * odd) >> 32) & (slots_.size() - 1);
  }
  size_t slot_of(uint32_t id) const;
  KnownFlow& add(uint32_t id);
  void remove_slot(size_t hole);
  void grow();

  std::vector<Slot> slots_{16};  // a power of two
  std::vector<std::unique_ptr<KnownFlow[]>> blocks_;
  std::vector<uint32_t> free_;  // places
  std::vector<uint32_t> gone_;  // places
  size_t used_ = 0;             // places that were in use so far
  size_t size_ = 0;
  size_t most_;
  uint32_t round_ = 0;
};

}  // namespace stook
