// SPDX-License-Identifier: Apache-2.0
/// How far a shipment is written, to the byte, over as many attempts as it takes.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/api/sink.hh"

namespace stook {

/// Divides a shipment into chunks, each the bytes of one payload for one file, and remembers what is written.
/// *Invariants:* progress_ names the payloads that are not final and of which bytes are written; whatever is offered
/// again is known by payload, lane and sequence, alone or among others, whole or in pieces.
/// *Rooms:* its sink's carrier.
class FileShipment {
 public:
  void begin(Shipment shipment);
  bool is_done() const { return next_ == chunks_.size(); }
  /// Nothing is half written.
  bool is_at_rest() const { return progress_.empty(); }

  /// Of the chunk that comes next. REQUIRES: !is_done().
  std::string_view address() const { return chunks_[next_].address; }
  /// Whether what comes next is the rest of a line whose head is written.
  bool is_inside_line() const;
  /// Whether the format of what comes next ends its records by a newline.
  bool ends_in_newline() const;
  /// The half of a line that stood in the file is gone: the line begins again.
  void back_to_line_start();

  /// Fills `parts` with the chunks that go to the same place, about `room` bytes of them and at least one chunk; returns
  /// how many bytes they have.
  size_t gather(uint64_t room, std::vector<iovec>& parts) const;
  /// The first so many bytes of what is left are written.
  void advance(size_t written);

  /// Ends an attempt that was not the last: remembers, and says `why`.
  [[nodiscard]] Outcome stop(Outcome why);
  /// What comes next will never be written. What follows it is not written before it is offered again, so that it keeps
  /// its order; what is written stays known.
  [[nodiscard]] Outcome refuse();
  /// Ends the last attempt.
  [[nodiscard]] Outcome finish(Outcome outcome = Outcome::Done);
  /// Of these payloads a line is written in part only.
  bool ends_inside_line(Shipment shipment) const;
  /// These payloads are not offered again.
  void forget(Shipment shipment);

 private:
  struct Chunk {
    size_t payload;  // position in the shipment
    std::string_view address;
    size_t part;   // where the part begins
    size_t begin;  // what is not written yet
    size_t end;
  };
  struct Progress {
    const Payload* whole;
    uint32_t lane;
    uint64_t sequence;
    size_t bytes;  // of the whole
    bool is_of(const Payload& payload) const;
  };
  size_t progress_of(const Payload& payload) const;
  void note(const Payload& payload, size_t bytes, bool is_all);
  void remember();

  Shipment shipment_;
  std::vector<Chunk> chunks_;
  size_t next_ = 0;
  std::vector<Progress> progress_;
};

}  // namespace stook
