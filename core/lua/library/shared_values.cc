// SPDX-License-Identifier: Apache-2.0
#include "core/lua/library/shared_values.hh"

#include <memory>

#include "core/data/object.hh"

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
  shard.changes++;
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
void SharedValues::make_room(Shard& shard) {
  while (shard.used > most_memory / shards && shard.keys.size() > 1) {
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

bool SharedValues::set(std::string_view key, const SharedValue& value, int64_t lives, bool only_new, int64_t now) {
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
  shard.changes++;
  shard.used -= found->second.value.text.size();
  found->second.value = value;
  shard.used += value.text.size();
  found->second.expires = lives == 0 ? 0 : now + lives;
  make_room(shard);
  return true;
}

SharedValue SharedValues::add(std::string_view key, const SharedValue& by, int64_t lives, int64_t now) {
  using Kind = SharedValue::Kind;
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.lock);
  Found found = find(shard, key, now);
  if (found == shard.entries.end()) {
    found = insert(shard, key, lives == 0 ? 0 : now + lives);
    found->second.value.kind = Kind::Integer;
    make_room(shard);
  }
  SharedValue& value = found->second.value;
  if (value.kind != Kind::Integer && value.kind != Kind::Real) {
    return {};
  }
  shard.changes++;
  if (value.kind == Kind::Integer && by.kind == Kind::Integer) {
    value.integer = static_cast<int64_t>(static_cast<uint64_t>(value.integer) + static_cast<uint64_t>(by.integer));
    return value;
  }
  double before = value.kind == Kind::Integer ? static_cast<double>(value.integer) : value.real;
  value.real = before + (by.kind == Kind::Integer ? static_cast<double>(by.integer) : by.real);
  value.kind = Kind::Real;
  return value;
}

uint64_t SharedValues::changes() {
  uint64_t sum = 0;
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.lock);
    sum += shard.changes;
  }
  return sum;
}

namespace {
void append(std::string& out, const Cell& cell) {
  size_t size = out.size();
  out.resize(size + cell_room(cell));
  out.resize(static_cast<size_t>(put_cell(out.data() + size, cell) - out.data()));
}

Cell cell_of(const SharedValue& value) {
  switch (value.kind) {
    case SharedValue::Kind::Boolean:
      return Cell::of_boolean(value.integer != 0);
    case SharedValue::Kind::Integer:
      return Cell::of_integer(value.integer);
    case SharedValue::Kind::Real:
      return Cell::of_real(value.real);
    case SharedValue::Kind::Text:
      return Cell::of_text(value.text);
    case SharedValue::Kind::None:
      break;
  }
  return Cell::of_null();
}
}  // namespace

std::string SharedValues::packed(int64_t now, int64_t wall) {
  std::unique_lock<std::mutex> locks[shards];
  for (size_t i = 0; i < shards; i++) {
    locks[i] = std::unique_lock(shards_[i].lock);
  }
  std::string out(5, '\0');
  uint32_t count = 0;
  for (Shard& shard : shards_) {
    for (auto place = shard.keys.rbegin(); place != shard.keys.rend(); ++place) {  // the one used last comes last
      const Entry& entry = shard.entries.find(*place)->second;
      if (entry.expires != 0 && entry.expires <= now) {
        continue;
      }
      count++;
      append(out, Cell::of_text(*place));
      out += '\x92';
      append(out, cell_of(entry.value));
      append(out, Cell::of_integer(entry.expires == 0 ? 0 : wall + (entry.expires - now)));
    }
  }
  put_wide_map_head(out.data(), count);
  return out;
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
