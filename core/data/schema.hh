// SPDX-License-Identifier: Apache-2.0
/// Floor 1. The names of one route: planned keys, frozen before start, and open keys, which only the data knows.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/type.hh"

namespace stook {

/// What an element declares about a key it writes. `unit` and `doc` are for people.
/// `is_meta`: about the row rather than of it (`file.path`, `recv.time`); only those who name it get it.
struct Key {
  std::string name;
  Type type = Type::Mixed;
  std::string unit;
  std::string doc;
  bool is_meta = false;
  friend bool operator==(const Key&, const Key&) = default;
};

/// The planned keys of one route; a key's position is its KeyId. Built in main, then shared as const.
class KeySchema {
 public:
  /// Adds a key, or gives the number of the key that has this name already.
  KeyId add(const Key& key);
  /// The key of that name, or no_key.
  KeyId find(std::string_view name) const;
  const Key& key(KeyId id) const { return keys_[index_of(id)]; }
  size_t size() const { return keys_.size(); }

 private:
  std::vector<Key> keys_;
};

/// Name to KeyId and back, for planned and open keys, private to one (route, worker): no lock.
/// *Invariants:* a planned key keeps its number; an open key keeps its number while `stamp` stays the same.
class OpenKeys {
 public:
  OpenKeys(const KeySchema& schema, size_t limit);

  /// The key of that name, made when it is new; no_key when all numbers are taken. Allocates only for a new name.
  KeyId intern(std::string_view name);
  /// The key of that name, or no_key.
  KeyId find(std::string_view name) const;
  std::string_view name(KeyId id) const { return names_[index_of(id)]; }
  const KeySchema& schema() const { return *schema_; }
  bool is_planned(KeyId id) const { return index_of(id) < schema_->size(); }
  /// How many numbers are given out.
  size_t size() const { return names_.size(); }
  /// The largest number of keys there will ever be.
  size_t capacity() const { return schema_->size() + limit_; }

  /// Differs between any two dictionaries, and after keys were forgotten: whoever remembers a KeyId by name compares it.
  uint64_t stamp() const { return stamp_; }
  /// Between bundles: forgets the open keys once nearly all numbers are taken, so that names which come and go
  /// (user ids as JSON members) do not use up the dictionary for ever.
  void refresh();

 private:
  static uint64_t hash(std::string_view name);
  size_t slot_of(std::string_view name, uint64_t hash) const;
  void rebuild();

  const KeySchema* schema_;
  size_t limit_;
  uint64_t stamp_;
  std::deque<std::string> names_;  // by KeyId; a deque keeps the texts in place
  std::vector<uint16_t> slots_;    // open addressing; 0xffff is empty
  std::vector<uint64_t> hashes_;   // by slot
  size_t mask_;
};

}  // namespace stook
