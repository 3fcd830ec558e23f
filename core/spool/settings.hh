// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What a spool is told when it is opened.
#pragma once

#include <cstdint>
#include <string>

namespace stook {

/// When records are synced. Batch: each `sync_every` or `sync_bytes`. Always: each append. Never: survives kill -9, not power.
enum class SpoolSync : uint8_t { Batch, Always, Never };
/// What a full spool does. Block: `append` says Full. DropOldest: unread segments go. DropNew: the payload goes.
enum class SpoolFull : uint8_t { Block, DropOldest, DropNew };

struct SpoolSettings {
  /// The instance whose spool it is, for the log.
  std::string id;
  /// Made when it is absent; the folder above it must be there.
  std::string folder;
  /// The most that segments may take on the disk, in bytes; at least four segments.
  uint64_t size = uint64_t{4} << 30;
  uint32_t segment_size = uint32_t{16} << 20;
  /// Percent of the disk that stay free.
  uint32_t min_free = 5;
  SpoolSync sync = SpoolSync::Batch;
  int64_t sync_every = 200'000'000;
  uint64_t sync_bytes = 1 << 20;
  SpoolFull full = SpoolFull::Block;
  /// Its payloads are those of a group that writes them anew for each member: no other sink can read them, nor it theirs.
  bool is_recoded = false;
  /// So many records at most are in memory for a reader that is right behind; of all others it reads the file.
  uint32_t relayed = 64;
};

}  // namespace stook
