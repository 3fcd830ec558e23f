// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The two small files of a spool that are written over in place: where its reader is, and what was dropped.
///
/// Each file is two slots of one size. A slot begins with magic u64 and generation u64 and the uuid of the spool, and ends
/// with the CRC-32C of all before. The slot with the higher generation that verifies counts; the other one is written next,
/// so that a torn write leaves the former state. With neither right there is no state, which is no fault: `state` is a hint.
///
///     state, 256 bytes a slot, magic "STKPOS1\0":
///         32 reader's segment u64   40 reader's offset in it u64   48 sequence before the reader u64   56 rows before it u64
///         64 first live segment u64   72 next segment id u64   zeros   252 CRC-32C u32
///     The reader's segment may not be there yet: on a full disk all before it was delivered and is gone, and it is the next.
///     dropped, 4096 bytes a slot, magic "STKDRP1\0":
///         32 count of ranges u32   36 zero u32   40 ranges, 24 bytes each: first sequence, last sequence, rows, all u64
///         zeros   4092 CRC-32C u32
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/spool/format.hh"
#include "core/spool/io.hh"

namespace stook {

/// Where the reader is: everything up to `sequence` is acknowledged.
struct SpoolPosition {
  uint64_t segment = 0;
  uint64_t offset = 0;
  uint64_t sequence = 0;
  uint64_t rows = 0;
  friend bool operator==(const SpoolPosition&, const SpoolPosition&) = default;
};

struct SpoolState {
  SpoolPosition reader;
  /// Segments below are to be unlinked.
  uint64_t first_live = 0;
  uint64_t next_segment = 1;
};

/// Sequences that were dropped on purpose: first to last, and how many rows they had.
struct DroppedRange {
  uint64_t first = 0;
  uint64_t last = 0;
  uint64_t rows = 0;
};

/// A file of two slots. *Invariants:* a write never touches the slot that counts.
class SlotFile {
 public:
  SlotFile(SpoolIo& io, std::string path, std::string_view magic, size_t size);
  /// Reads the slot that counts into `slot()`. False when there is none. Does not make the file.
  bool load();
  /// The uuid in the slot. REQUIRES: load() was true.
  SpoolUuid uuid() const;
  /// The bytes of the slot behind its head, to be read after `load` and filled before `store`.
  char* body() { return slot_.data() + head_size; }
  const char* body() const { return slot_.data() + head_size; }
  /// Writes the slot and syncs. 0 or -errno; then the former one counts.
  int store(const SpoolUuid& uuid);
  const std::string& path() const { return path_; }
  static constexpr size_t head_size = 32;

 private:
  SpoolIo& io_;
  std::string path_;
  std::string magic_;
  std::vector<char> slot_;
  uint64_t generation_ = 0;
  unsigned next_ = 0;
  SpoolFile file_;
};

/// The file `state` of a spool.
class StateFile {
 public:
  StateFile(SpoolIo& io, const std::string& folder);
  std::optional<SpoolState> load();
  SpoolUuid uuid() const { return slots_.uuid(); }
  int store(const SpoolUuid& uuid, const SpoolState& state);

 private:
  SlotFile slots_;
};

/// The file `dropped` of a spool.
class DroppedFile {
 public:
  static constexpr size_t ranges_most = 160;
  DroppedFile(SpoolIo& io, const std::string& folder);
  /// The ranges, lowest first; empty when there is no file.
  std::vector<DroppedRange> load(const SpoolUuid& uuid);
  /// Of more than ranges_most the lowest are left out.
  int store(const SpoolUuid& uuid, const std::vector<DroppedRange>& ranges);

 private:
  SlotFile slots_;
};

}  // namespace stook
