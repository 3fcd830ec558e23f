// SPDX-License-Identifier: Apache-2.0
#include "core/lua/library/shared_values.hh"

#include <memory>

namespace stook {

namespace {
struct Names {
  std::mutex lock;  // taken when a script starts
  std::unordered_map<std::string, std::unique_ptr<SharedValues>> all;
};

Names& names() {
  static Names the;
  return the;
}
}  // namespace

void add_number(SharedValue& to, const SharedValue& by) {
  using Kind = SharedValue::Kind;
  if (to.kind != Kind::Integer && to.kind != Kind::Real) {
    return;
  }
  if (to.kind == Kind::Integer && by.kind == Kind::Integer) {
    to.integer = static_cast<int64_t>(static_cast<uint64_t>(to.integer) + static_cast<uint64_t>(by.integer));
    return;
  }
  double before = to.kind == Kind::Integer ? static_cast<double>(to.integer) : to.real;
  to.real = before + (by.kind == Kind::Integer ? static_cast<double>(by.integer) : by.real);
  to.kind = Kind::Real;
}

SharedValues* SharedValues::named(std::string_view name) {
  std::lock_guard lock(names().lock);
  auto found = names().all.find(std::string(name));
  if (found != names().all.end()) {
    return found->second.get();
  }
  if (names().all.size() >= most_dictionaries) {
    return nullptr;
  }
  return names().all.emplace(name, std::make_unique<SharedValues>()).first->second.get();
}

void SharedValues::forget_all() {
  std::lock_guard lock(names().lock);
  for (auto& [name, values] : names().all) {
    for (Shard& shard : values->shards_) {
      std::lock_guard inner(shard.lock);
      shard.entries.clear();
      shard.keys.clear();
      shard.used = 0;
      shard.evicted = 0;
    }
  }
}

// The live entry of a key, which becomes the one used last.
SharedValues::Found SharedValues::find(Shard& shard, std::string_view key, int64_t now) {
  Found found = shard.entries.find(key);
  if (found == shard.entries.end()) {
    return found;
  }
  if (found->second.expires != 0 && found->second.expires <= now) {
    erase(shard, found);
    return shard.entries.end();
  }
  shard.keys.splice(shard.keys.begin(), shard.keys, found->second.place);
  return found;
}

void SharedValues::erase(Shard& shard, Found found) {
  shard.used -= cost_of(found->first, found->second.value);
  auto place = found->second.place;
  shard.entries.erase(found);
  shard.keys.erase(place);
}

SharedValues::Found SharedValues::insert(Shard& shard, std::string_view key, int64_t expires) {
  shard.keys.emplace_front(key);
  Entry entry;
  entry.expires = expires;
  entry.place = shard.keys.begin();
  shard.used += cost_of(key, entry.value);
  return shard.entries.emplace(*shard.keys.begin(), std::move(entry)).first;
}

// Lets go what was used least recently; the one used last stays.
void SharedValues::make_room(Shard& shard, std::vector<std::string>* gone) {
  while (shard.used > most_memory / shards && shard.keys.size() > 1) {
    if (gone != nullptr) {
      gone->push_back(shard.keys.back());
    }
    erase(shard, shard.entries.find(shard.keys.back()));
    shard.evicted++;
  }
}

SharedValue SharedValues::get(std::string_view key, int64_t now) {
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.lock);
  Found found = find(shard, key, now);
  return found == shard.entries.end() ? SharedValue() : found->second.value;
}

bool SharedValues::set(std::string_view key, const SharedValue& value, int64_t lives, bool only_new, int64_t now,
                       std::vector<std::string>* gone) {
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.lock);
  Found found = find(shard, key, now);
  if (only_new && found != shard.entries.end()) {
    return false;
  }
  if (value.kind == SharedValue::Kind::None) {
    if (found != shard.entries.end()) {
      erase(shard, found);
    }
    return true;
  }
  if (found == shard.entries.end()) {
    found = insert(shard, key, 0);
  }
  shard.used -= found->second.value.text.size();
  found->second.value = value;
  shard.used += value.text.size();
  found->second.expires = lives == 0 ? 0 : now + lives;
  make_room(shard, gone);
  return true;
}

SharedValue SharedValues::add(std::string_view key, const SharedValue& by, int64_t lives, int64_t now,
                              std::vector<std::string>* gone) {
  using Kind = SharedValue::Kind;
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.lock);
  Found found = find(shard, key, now);
  if (found == shard.entries.end()) {
    found = insert(shard, key, lives == 0 ? 0 : now + lives);
    found->second.value.kind = Kind::Integer;
    make_room(shard, gone);
  }
  SharedValue& value = found->second.value;
  if (value.kind != Kind::Integer && value.kind != Kind::Real) {
    return {};
  }
  add_number(value, by);
  return value;
}

size_t SharedValues::size() {
  size_t sum = 0;
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.lock);
    sum += shard.entries.size();
  }
  return sum;
}

uint64_t SharedValues::evicted() {
  uint64_t sum = 0;
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.lock);
    sum += shard.evicted;
  }
  return sum;
}

}  // namespace stook
