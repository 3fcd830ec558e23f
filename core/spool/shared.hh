// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What the writer and the reader of one spool have in common: meters, the relay, three atomics.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/doorbell.hh"
#include "core/base/meter.hh"
#include "core/spool/format.hh"
#include "core/spool/io.hh"
#include "core/spool/relay.hh"
#include "core/spool/settings.hh"
#include "core/spool/slots.hh"

namespace stook {

/// What the writer has done. One writer: its thread.
struct SpoolWriterMeter {
  Counter records;
  Counter rows;
  Counter bytes;  // on the disk, padding included
  Counter syncs;
  Counter sync_failures;
  Counter dropped_records;  // new ones, as the spool was full
  Counter dropped_rows;
  Counter evicted_records;  // old ones, as the spool was full
  Counter evicted_rows;
  Gauge last_sequence;  // of the spool's life
  Gauge durable_sequence;
  Gauge rows_ever;  // of the spool's life
};

/// What the reader has done. One writer: its thread.
struct SpoolReaderMeter {
  Counter records;  // acknowledged
  Counter rows;     // acknowledged
  Counter lost_records;
  Counter lost_rows;
  Counter bad_spans;  // damaged bodies and spans met
  Counter bad_bytes;
  Counter passed_dropped;  // records that were dropped on purpose, passed
  Counter passed_dropped_rows;
  Gauge acknowledged_sequence;
  Gauge acknowledged_rows;
};

/// How far a segment is written: its id and an offset that is a multiple of 8, in one word.
struct SpoolEnd {
  uint64_t segment = 0;
  uint64_t offset = 0;
  static constexpr unsigned offset_bits = 24;
  uint64_t word() const { return segment << offset_bits | offset / 8; }
  static SpoolEnd of(uint64_t word) { return {word >> offset_bits, (word & ((uint64_t{1} << offset_bits) - 1)) * 8}; }
};

/// *Invariants:* a segment below `unclaimed` belongs to the reader or was dropped; one from it up to the end is nobody's yet.
struct SpoolShared {
  SpoolShared(SpoolIo& io_, SpoolSettings settings_)
      : io(io_), settings(std::move(settings_)), relay(settings.relayed) {}

  /// The id behind this one: ids made by this process count up by one, those found at start may have gaps.
  uint64_t next_segment(uint64_t id) const {
    auto found = std::upper_bound(old_segments.begin(), old_segments.end(), id);
    return found != old_segments.end() ? *found : std::max(id + 1, first_new);
  }

  SpoolIo& io;
  const SpoolSettings settings;
  // Set by the opening, before there are two threads.
  SpoolFile lock;
  SpoolUuid uuid{};
  uint32_t seed = 0;
  std::vector<uint64_t> old_segments;
  uint64_t first_new = 1;
  uint64_t next_sequence = 1;
  uint64_t rows_ever = 0;
  SpoolPosition reader;
  bool is_position_known = true;  // false: reader.sequence is not, as state and the first header are damaged
  uint64_t dropped_ahead = 0;     // records dropped by former processes that the reader has yet to pass
  uint64_t dropped_rows_ahead = 0;
  uint64_t torn_bytes = 0;
  bool has_foreign = false;  // see Spool
  Doorbell* reader_bell = nullptr;
  Doorbell* writer_bell = nullptr;

  SpoolWriterMeter written;
  SpoolReaderMeter read;

  // A record is passed before it is published, so that a reader that sees it in the file sees it here first.
  SpoolRelay relay;

  // Written by the writer after the bytes are in the file (release), read by the reader before it reads them (acquire): a
  // SpoolEnd. Offset 0: the segment is not made yet. A segment below it is whole and written no more.
  std::atomic<uint64_t> end{0};
  // The oldest segment that neither the reader has entered nor the writer dropped. Both move it to the next by
  // compare-exchange, and whoever succeeds owns the segment passed; acquire-release, as the one drops what the other may read.
  std::atomic<uint64_t> unclaimed{0};
  // There is a file at spare_path: set by the reader, which puts it there (release); taken by the writer, or by the reader at
  // its end (acquire-release), and whoever does has the file.
  std::atomic<bool> has_spare{false};
  // Bytes of segments on the disk. Both add and subtract; the writer compares with the limit. Late is harmless: relaxed.
  std::atomic<uint64_t> disk_bytes{0};
};

}  // namespace stook
