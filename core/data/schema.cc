// SPDX-License-Identifier: Apache-2.0
#include "core/data/schema.hh"

#include <atomic>
#include <bit>
#include <cstring>

namespace stook {

namespace {
constexpr uint16_t empty = 0xffff;

uint64_t fresh_stamp() {
  // Written by main (start) and by workers (refresh); only uniqueness matters, so relaxed.
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}
}  // namespace

KeyId KeySchema::add(const Key& key) {
  KeyId known = find(key.name);
  if (known != no_key) {
    return known;
  }
  keys_.push_back(key);
  return static_cast<KeyId>(keys_.size() - 1);
}

KeyId KeySchema::find(std::string_view name) const {
  for (size_t i = 0; i < keys_.size(); i++) {
    if (keys_[i].name == name) {
      return static_cast<KeyId>(i);
    }
  }
  return no_key;
}

OpenKeys::OpenKeys(const KeySchema& schema, size_t limit) : schema_(&schema), limit_(limit), stamp_(fresh_stamp()) {
  size_t slots = std::bit_ceil((schema.size() + limit + 1) * 2);
  slots_.assign(slots, empty);
  hashes_.assign(slots, 0);
  mask_ = slots - 1;
  rebuild();
}

void OpenKeys::rebuild() {
  std::fill(slots_.begin(), slots_.end(), empty);
  names_.clear();
  for (size_t i = 0; i < schema_->size(); i++) {
    const std::string& name = schema_->key(static_cast<KeyId>(i)).name;
    uint64_t h = hash(name);
    size_t slot = slot_of(name, h);
    slots_[slot] = static_cast<uint16_t>(names_.size());
    hashes_[slot] = h;
    names_.push_back(name);
  }
}

// Eight bytes at a time, multiply and fold: names are short and the table is small.
uint64_t OpenKeys::hash(std::string_view name) {
  constexpr uint64_t prime = 0x9E3779B97F4A7C15ull;
  uint64_t h = name.size() * prime;
  const char* p = name.data();
  size_t left = name.size();
  while (left >= 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    h = (h ^ word) * prime;
    h ^= h >> 32;
    p += 8;
    left -= 8;
  }
  uint64_t word = 0;
  if (left > 0) {
    std::memcpy(&word, p, left);
  }
  h = (h ^ word) * prime;
  return h ^ (h >> 29);
}

size_t OpenKeys::slot_of(std::string_view name, uint64_t h) const {
  size_t slot = h & mask_;
  while (slots_[slot] != empty && (hashes_[slot] != h || names_[slots_[slot]] != name)) {
    slot = (slot + 1) & mask_;
  }
  return slot;
}

KeyId OpenKeys::intern(std::string_view name) {
  uint64_t h = hash(name);
  size_t slot = slot_of(name, h);
  if (slots_[slot] == empty) {
    if (names_.size() >= capacity()) {
      return no_key;
    }
    slots_[slot] = static_cast<uint16_t>(names_.size());
    hashes_[slot] = h;
    names_.emplace_back(name);
  }
  return static_cast<KeyId>(slots_[slot]);
}

KeyId OpenKeys::find(std::string_view name) const {
  uint16_t found = slots_[slot_of(name, hash(name))];
  return found == empty ? no_key : static_cast<KeyId>(found);
}

void OpenKeys::refresh() {
  if (names_.size() - schema_->size() > limit_ - limit_ / 8) {
    rebuild();
    stamp_ = fresh_stamp();
  }
}

}  // namespace stook
