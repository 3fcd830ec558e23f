// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What scripts do to kept dictionaries, held until the rows it was done for are acknowledged. No Lua in here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/lua/library/shared_values.hh"

namespace stook {

/// What was done to one value. Times are ns since 1970.
struct KeptChange {
  enum class Kind : uint8_t { Take, Set, Add };
  Kind kind = Kind::Take;
  SharedValue value;    // what was put or added
  int64_t expires = 0;  // 0: never. Of a sum: when the number is made by it
  int64_t at = 0;
};

/// At most one change for each key: several are one.
using KeptChanges = std::unordered_map<std::string, KeptChange>;
/// `then` follows what was done to the key before.
void add_change(KeptChanges& changes, std::string_view key, const KeptChange& then);
/// All of `later` follow.
void add_changes(KeptChanges& changes, const KeptChanges& later);

/// A value as it is stored. `expires`: ns since 1970, 0 for never.
struct KeptEntry {
  SharedValue value;
  int64_t expires = 0;
};
using KeptEntries = std::map<std::string, KeptEntry>;
void store_changes(const KeptChanges& changes, KeptEntries& entries);

}  // namespace stook
