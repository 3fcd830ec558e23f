// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Relay: records on a short way from a spool's writer to its reader, in memory. Rooms: one carrier at each end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/room.hh"
#include "core/data/payload.hh"
#include "core/data/pool.hh"

namespace stook {

template <class T>
class Link;

/// Where a record is.
struct RecordPlace {
  uint64_t segment = 0;
  uint64_t begin = 0;  // in the segment
  uint64_t end = 0;
  uint64_t sequence = 0;
  uint64_t rows_before = 0;
};

/// A record that is in the file, and its payload.
struct Relayed {
  RecordPlace place;
  Payload payload;
  size_t weight = 0;  // bytes of memory while it is out
};

/// Spares the reader the bytes of records that it reads soon after they were written. It changes nothing else: a record is
/// in the file first, and the reader takes it from here exactly where it would have read it from there.
/// *Invariants:* what is out is in the order of the file, and is limited in number and bytes; what finds no place is read
/// from the file.
/// *Rooms:* the writer's carrier and the reader's.
class SpoolRelay {
 public:
  explicit SpoolRelay(size_t records);
  ~SpoolRelay();

  /// The writer's side: takes the rows out of a payload, which is empty afterwards, or leaves it alone when there is no
  /// place. REQUIRES: the record is in the file and not published yet.
  void pass(const RecordPlace& place, Payload& payload, int64_t sealed_at) ROOM(carrier);
  /// The reader's side: the record that begins here, or null. Those before it are let go. It stays until `take`.
  [[nodiscard]] const RecordPlace* find(uint64_t segment, uint64_t offset) ROOM(carrier);
  /// Moves the rows of what `find` has found into an empty payload.
  void take(Payload& into) ROOM(carrier);

 private:
  Pool<Relayed> pool_;  // the writer's
  std::unique_ptr<Link<Relayed>> link_;
  size_t weight_ = 0;  // the writer's: of all that are out
};

}  // namespace stook
