// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Dictionaries that the scripts of a process share: behind `stook.shared`. No Lua in here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace stook {

/// A value of a dictionary.
struct SharedValue {
  enum class Kind : uint8_t { None, Boolean, Integer, Real, Text };
  Kind kind = Kind::None;
  int64_t integer = 0;
  double real = 0;
  std::string text;
};

/// Adds to a number; what is none stays. A sum of integers wraps around.
void add_number(SharedValue& to, const SharedValue& by);

/// One dictionary. Each call is atomic. What has expired is gone; what was used least recently goes when memory is short.
/// *Invariants:* each shard's `used` is at most its part of `most_memory`. *Rooms:* any worker and carrier; a shard's mutex
/// is held for as long as a value is copied, and no call into Lua happens meanwhile.
class SharedValues {
 public:
  static constexpr size_t most_memory = size_t{8} << 20;
  static constexpr size_t longest_key = 256;
  static constexpr size_t longest_value = 64 * 1024;
  static constexpr size_t most_dictionaries = 32;

  /// The dictionary of that name, made when there is none; it lives as long as the process. Null: there are too many.
  static SharedValues* named(std::string_view name);
  /// Empties all of them: a test begins.
  static void forget_all();

  /// The value; None: there is none. `now` is ns of CLOCK_MONOTONIC.
  SharedValue get(std::string_view key, int64_t now);
  /// Puts the value, or takes it away when it is None. `lives`: ns until it expires, 0 for never. `only_new`: leaves a
  /// value that is there alone. False: it did. `gone` gets the keys that had to go for it.
  bool set(std::string_view key, const SharedValue& value, int64_t lives, bool only_new, int64_t now,
           std::vector<std::string>* gone = nullptr);
  /// Adds a number to the one that is there, or to 0, and gives the sum; `lives` counts when there was none.
  /// A sum of integers wraps around, as in Lua. None: what is there is no number.
  SharedValue add(std::string_view key, const SharedValue& by, int64_t lives, int64_t now,
                  std::vector<std::string>* gone = nullptr);
  /// Values there are, expired ones among them.
  size_t size();
  /// How many values had to go before they expired, as memory was short.
  uint64_t evicted();

 private:
  static constexpr size_t shards = 16;
  struct Entry {
    SharedValue value;
    int64_t expires = 0;  // 0: never
    std::list<std::string>::iterator place;
  };
  struct Shard {
    std::mutex lock;
    std::list<std::string> keys;                          // the one used last comes first
    std::unordered_map<std::string_view, Entry> entries;  // their keys are the list's
    size_t used = 0;
    uint64_t evicted = 0;
  };
  using Found = std::unordered_map<std::string_view, Entry>::iterator;

  Shard& shard_of(std::string_view key) { return shards_[std::hash<std::string_view>()(key) % shards]; }
  static Found find(Shard& shard, std::string_view key, int64_t now);
  static void erase(Shard& shard, Found found);
  static Found insert(Shard& shard, std::string_view key, int64_t expires);
  static void make_room(Shard& shard, std::vector<std::string>* gone);
  static size_t cost_of(std::string_view key, const SharedValue& value) { return key.size() + value.text.size() + 256; }

  Shard shards_[shards];
};

}  // namespace stook
