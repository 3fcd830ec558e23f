// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What a spool's folder holds when it is opened, and the mending of what a crash left.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/spool/folder.hh"
#include "core/spool/shared.hh"

namespace stook {

/// Fills a SpoolShared from its folder. The last segment is read through when it has no footer: its tail is cut behind the
/// last whole record, and it is sealed. Of those before it a few are read while they have none, as a failed sync leaves
/// them. Nothing found in the folder is an error.
/// *Rooms:* the thread that opens, before there are others.
class SpoolRecovery {
 public:
  explicit SpoolRecovery(SpoolShared& shared);
  void run();

 private:
  /// How far the records of a segment go.
  struct Reach {
    uint64_t last_sequence = 0;
    uint64_t rows_after = 0;
    uint64_t records = 0;
    uint64_t end = segment_header_size;
    uint64_t dirty_end = segment_header_size;
    uint32_t rolling_crc = 0;
    bool is_footed = false;  // a footer vouches for the last sequence, not a record
    bool is_sealed = false;  // the footer is where it should be, and nothing else was read
  };
  void find_segments();
  void choose_uuid();
  void unlink_delivered();
  void seal_last();
  void find_end();
  void place_reader();
  void sum_dropped();
  bool has_foreign() const;
  bool is_remains(int file, uint64_t id) const;
  std::optional<Reach> reach_of(uint64_t id);
  Reach walk(int file, const std::optional<SegmentHeader>& header);
  void mend(uint64_t id, int file, const Reach& reach);

  SpoolShared& shared_;
  SpoolIo& io_;
  StateFile state_file_;
  std::optional<SpoolState> state_;
  std::vector<uint64_t> segments_;
  std::vector<std::optional<SegmentHeader>> headers_;  // of segments_
  std::optional<uint64_t> highest_;                    // of all, foreign ones too
  static constexpr unsigned walks_most = 4;
  unsigned walks_ = 0;  // segments read through by reach_of
};

}  // namespace stook
