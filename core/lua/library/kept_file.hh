// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The file of a kept dictionary.
///
/// Format: a line `stook-keep 2 <size> <crc32c>`, the first in decimal, the second in hex, and so many bytes of msgpack,
/// of which it is the checksum: an array of two.
///
/// The first is a map from each key to an array of its value and the time at which it expires (ns since 1970, 0: never):
/// what belongs to all positions that were stored before.
///
/// The second is an array of groups, oldest first. Each is an array of the name of a position file, a generation of it,
/// and a map from a key to what was done to it: an array of a number (0: taken away, 1: set, 2: added to), the value, when
/// it expires and when it was done. Only those groups count whose position file has reached their generation.
///
/// A file that begins with `stook-keep 1` holds the first map alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/lua/library/kept_changes.hh"

namespace stook {

/// What was done for the rows between two generations of a position file.
struct KeptGroup {
  std::string positions;
  uint64_t generation = 0;
  KeptChanges changes;
};

struct KeptFile {
  KeptEntries entries;
  std::vector<KeptGroup> groups;
};

/// The bytes of the file, without what has expired at `wall`.
std::string show_kept(const KeptFile& file, int64_t wall);
/// Reads them back; false: they are not whole.
[[nodiscard]] bool read_kept(const std::string& bytes, KeptFile& file);

}  // namespace stook
