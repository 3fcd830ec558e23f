// SPDX-License-Identifier: Apache-2.0
/// Floor 2. What a filter is.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/room.hh"
#include "core/data/batch.hh"

namespace stook {

/// Narrows, changes or appends rows. One replica is entered by one worker at a time.
class Filter {
 public:
  virtual ~Filter() = default;
  /// Runs over the selected rows. May narrow the selection, write its declared keys and open keys, append when declared,
  /// and name failed rows by batch.fault. Must not block, and does not throw by habit.
  virtual void run(Batch& batch) ROOM(worker) = 0;
  /// An empty batch at each period declared in the wiring, in order with the data: append what is due.
  /// `is_last`: the stream has ended, append all that is held.
  virtual void tick(Batch&, int64_t /*monotonic_now*/, bool /*is_last*/) ROOM(worker) {}
  /// How many rows `run` or `tick` made that found no room in the bundle. Only asked of a filter that declared that it
  /// overflows; when the rows before have gone on, `more` is called until it is 0.
  virtual size_t waiting() const ROOM(worker) { return 0; }
  /// Fills the selected rows, which are empty and of the same bundle, with the first ones that wait: as many as wait, or
  /// as a bundle holds.
  virtual void more(Batch&) ROOM(worker) {}
  /// Why it fails all rows from here on, as a part of a sentence; empty: it does not. Asked after a row has failed. Until a
  /// reload makes it anew its route stands still, with nothing lost; where other stacks share the source they go on.
  virtual std::string_view gave_up() const ROOM(worker) { return {}; }
};

}  // namespace stook
