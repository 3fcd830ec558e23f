// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The half of a spool that appends. Room: one carrier.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/log.hh"
#include "core/base/room.hh"
#include "core/data/payload.hh"
#include "core/spool/scan.hh"
#include "core/spool/shared.hh"

namespace stook {

/// What `append` says. Taken: it is in the file, and durable once `durable()` has reached `last()`. Full: nothing was
/// changed; again once the writer's bell rings, or each second as somebody else may have freed the disk. Dropped: the spool
/// is full, and the payload is counted as dropped. Failed: the disk refused it; again later, `reason()` says why, and what
/// is not durable yet stays so meanwhile. Refused: a row of it is longer than a record may be.
enum class SpoolAnswer : uint8_t { Taken, Full, Dropped, Failed, Refused };

/// *Invariants:* what is not durable is in memory, too, so that a failed sync loses nothing: the segment is not synced
/// again, the records go to a new one. Sequences grow by one a record, and `durable() <= last()`.
/// *Rooms:* one carrier for all of it.
class SpoolWriter {
 public:
  explicit SpoolWriter(SpoolShared& shared);

  /// Appends one payload, as one record if it is not longer than 16 MiB, else as several of whole rows. May block in
  /// fdatasync(2). The payload stays the caller's, but its rows may be gone once they are taken. COLD when a segment is full.
  SpoolAnswer append(Payload& payload) ROOM(carrier);
  /// Rings the reader's bell if anything was appended since the last time. A reader that is awake sees it by itself.
  void announce() ROOM(carrier);
  /// Makes everything durable now. False when the disk refused; `reason()` says why. With `never`: true at once.
  bool sync() ROOM(carrier);
  /// When `on_time` wants to be called (ns, monotonic), or -1.
  int64_t next_time() const ROOM(carrier);
  /// Syncs what is due. False as in `sync`.
  bool on_time(int64_t monotonic_now) ROOM(carrier);
  /// The sequence of the last record taken.
  uint64_t last() const ROOM(carrier) { return last_; }
  /// Every record up to this sequence may be acknowledged upstream.
  uint64_t durable() const ROOM(carrier) { return durable_; }
  /// One sentence on the last answer that was not Taken.
  const std::string& reason() const ROOM(carrier) { return reason_; }
  /// Syncs and seals. Afterwards only destruction. False when the disk refused.
  bool close() ROOM(carrier);

 private:
  struct Segment {
    uint64_t id = 0;
    SpoolFile file;
    uint64_t capacity = 0;
    uint64_t offset = 0;
    uint64_t records = 0;
    uint64_t first_sequence = 0;
    uint32_t rolling_crc = 0;
    bool is_entry_durable = false;
    bool is_sealed = false;
    bool has_scrap = false;  // a write failed behind its records
    bool is_reused =
        false;  // the file was a segment before, so that there are other bytes than zeros behind the records
  };
  SpoolAnswer append_record(Payload& payload) ROOM(carrier);
  SpoolAnswer append_pieces(const Payload& payload) ROOM(carrier);
  bool write_record(const Payload& payload, uint64_t size) ROOM(carrier);
  bool has_place(uint64_t size) const {
    return segment_.file && !segment_.is_sealed && segment_.offset + size + segment_footer_size <= segment_.capacity;
  }
  SpoolAnswer roll(uint64_t size) ROOM(carrier);
  void leave_segment() ROOM(carrier);
  SpoolAnswer make_room(uint64_t capacity) ROOM(carrier);
  bool has_room(uint64_t capacity) ROOM(carrier);
  bool drop_oldest() ROOM(carrier);
  void note_dropped(const DroppedRange& range) ROOM(carrier);
  DroppedRange range_of(uint64_t id, int file, uint64_t next) ROOM(carrier);
  int write_last(const Segment& segment, size_t from, uint64_t offset) ROOM(carrier);
  bool reuse_file(Segment& into, const char* header) ROOM(carrier);
  int make_segment(uint64_t size, uint64_t first_sequence, uint64_t rows_before, Segment& into) ROOM(carrier);
  void discard(Segment& segment) ROOM(carrier);
  void seal() ROOM(carrier);
  bool sync_segment(Segment& segment) ROOM(carrier);
  bool rescue() ROOM(carrier);
  bool sync_all() ROOM(carrier);
  void settle() ROOM(carrier);
  void relay(Payload& payload, uint64_t size) ROOM(carrier);
  void publish() ROOM(carrier);
  bool fail(const char* deed, int error) ROOM(carrier);

  SpoolShared& shared_;
  SpoolIo& io_;
  Segment segment_;
  uint64_t next_id_;
  uint64_t last_;
  uint64_t durable_;
  uint64_t rows_;          // of the spool's life
  uint64_t durable_rows_;  // of those, durable
  ByteBuffer pending_;     // the records that are not durable; with `never` the last one
  int64_t sync_at_ = -1;
  bool is_poisoned_ = false;
  bool is_announced_ = true;
  std::string reason_;
  std::vector<DroppedRange> dropped_;
  DroppedFile dropped_file_;
  SegmentScan scan_;
  Payload piece_;
  size_t piece_row_ = 0;  // rows of a payload in pieces that are appended, while the rest is refused for now
  LogLimit fail_limit_{1};
  LogLimit full_limit_{1};
};

}  // namespace stook
