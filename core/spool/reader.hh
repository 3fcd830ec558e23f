// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The half of a spool that reads. Room: one carrier, another than the writer's.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "core/base/log.hh"
#include "core/base/room.hh"
#include "core/data/payload.hh"
#include "core/spool/quarantine.hh"
#include "core/spool/scan.hh"
#include "core/spool/shared.hh"
#include "core/spool/slots.hh"

namespace stook {

/// Hands out records in the order of their sequences, several before the first is acknowledged. Damage is passed, counted
/// and copied to `bad/`; each step moves forward.
/// *Invariants:* what is acknowledged is a prefix. A segment is unlinked once all of it is acknowledged and the state that
/// says so is synced.
/// *Rooms:* one carrier for all of it.
class SpoolReader {
 public:
  explicit SpoolReader(SpoolShared& shared);

  /// Fills an empty payload with the next record and returns its sequence, or nothing: then the reader's bell rings when
  /// there is one. A payload's `sealed_at` is put on this process's monotonic clock.
  [[nodiscard]] std::optional<uint64_t> next(Payload& into) ROOM(carrier);
  /// Everything up to this sequence is delivered. Writes the position, and unlinks segments, from time to time.
  /// REQUIRES: handed out by `next`.
  void acknowledge(uint64_t sequence) ROOM(carrier);
  /// Records handed out and not acknowledged.
  size_t out() const ROOM(carrier) { return out_.size(); }
  /// When `on_time` wants to be called (ns, monotonic), or -1.
  int64_t next_time() const ROOM(carrier);
  /// Writes the position when it is due; a failure is logged and tried again.
  void on_time(int64_t monotonic_now) ROOM(carrier);
  /// Writes the position. Afterwards only destruction.
  void close() ROOM(carrier);

 private:
  /// A record that was handed out: where the reader is once it is acknowledged.
  struct Out {
    SpoolPosition after;
    uint64_t rows;
    uint64_t bytes;
  };
  bool enter_next(SpoolEnd end) ROOM(carrier);
  bool open_segment() ROOM(carrier);
  void meet_header() ROOM(carrier);
  void leave(bool has_footer) ROOM(carrier);
  bool take_relayed(SpoolEnd end, Payload& into) ROOM(carrier);
  bool take(const Scanned& found, Payload& into) ROOM(carrier);
  void meet_damage(const Scanned& found) ROOM(carrier);
  void meet_end(const Scanned& found) ROOM(carrier);
  void pass_gap(uint64_t to) ROOM(carrier);
  void pass_rows(uint64_t to) ROOM(carrier);
  uint64_t limit_of(SpoolEnd end) ROOM(carrier);
  void catch_up() ROOM(carrier);
  bool store(int64_t now) ROOM(carrier);
  void unlink_acknowledged() ROOM(carrier);
  bool keep_as_spare(const std::string& path, uint64_t size) ROOM(carrier);

  SpoolShared& shared_;
  SpoolIo& io_;
  SegmentScan scan_;
  StateFile state_;
  DroppedFile dropped_file_;
  Quarantine quarantine_;
  SpoolFile file_;
  uint64_t segment_ = 0;          // the segment being read, or the last one left
  bool is_inside_ = false;        // between enter_next and leave
  bool is_after_footer_ = false;  // segment_ was left by its footer, so a jump in the sequences is no loss
  unsigned open_failures_ = 0;
  int64_t open_again_at_ = -1;
  uint64_t start_offset_ = 0;  // where in segment_ to begin
  uint64_t expected_;          // the next sequence
  uint64_t rows_expected_;     // rows before it
  uint64_t dropped_rows_ = 0;  // of the gap before the next record, dropped on purpose
  bool is_expected_known_;
  std::deque<Out> out_;
  SpoolPosition acknowledged_;
  SpoolPosition stored_;
  uint64_t first_live_ = 0;
  uint64_t unstored_bytes_ = 0;
  int64_t store_at_ = -1;
  bool is_store_failing_ = false;
  LogLimit damage_limit_{10};
  LogLimit state_limit_{1};
};

}  // namespace stook
