// SPDX-License-Identifier: Apache-2.0
#include "core/lua/library/kept_changes.hh"

namespace stook {

namespace {
bool has_expired(int64_t expires, int64_t at) {
  return expires != 0 && expires <= at;
}
}  // namespace

void add_change(KeptChanges& changes, std::string_view key, const KeptChange& then) {
  auto [place, is_new] = changes.try_emplace(std::string(key), then);
  KeptChange& first = place->second;
  if (is_new) {
    return;
  }
  bool makes_one = first.kind == KeptChange::Kind::Take ||
                   (first.kind == KeptChange::Kind::Set && has_expired(first.expires, then.at));
  if (then.kind != KeptChange::Kind::Add || makes_one) {
    first = then;
    first.kind = then.kind == KeptChange::Kind::Add ? KeptChange::Kind::Set : then.kind;
    return;
  }
  add_number(first.value, then.value);
}

void add_changes(KeptChanges& changes, const KeptChanges& later) {
  for (const auto& [key, change] : later) {
    add_change(changes, key, change);
  }
}

void store_changes(const KeptChanges& changes, KeptEntries& entries) {
  for (const auto& [key, change] : changes) {
    if (change.kind == KeptChange::Kind::Take) {
      entries.erase(key);
      continue;
    }
    KeptEntry& entry = entries[key];
    bool is_none = entry.value.kind == SharedValue::Kind::None || has_expired(entry.expires, change.at);
    if (change.kind == KeptChange::Kind::Set || is_none) {
      entry = {change.value, change.expires};
    } else {
      add_number(entry.value, change.value);
    }
  }
}

}  // namespace stook
