// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The rows that a script makes: kept beside the bundle until its call is done, then put behind the rows that
/// they were made at. What finds no room in the bundle waits for the next round.
#pragma once

#include <bitset>
#include <cstdint>
#include <vector>

#include "core/base/room.hh"
#include "core/data/batch.hh"

namespace stook {

/// Rows of one batch: the script's and, when there are more than the bundle holds, the last ones that came in.
/// *Invariants:* cells point into the batch's arena; a row that was begun and not ended is not there.
/// *Rooms:* one replica, its worker.
class MadeRows {
 public:
  using Marks = std::bitset<Column::max_rows>;

  /// Begins a row. What was begun before and not ended is forgotten.
  void begin_row();
  void add(KeyId id, const Cell& cell) { cells_.push_back({id, cell}); }
  /// The row that was begun stands behind the row `after`. Rows come in ascending order of that.
  void end_row(Row after);
  size_t size() const { return made_.size(); }
  /// Forgets all rows but the first `size`.
  void cut(size_t size);

  /// Puts all rows into the batch, whose rows are as the script left them; of its rows those in `faulted` have failed.
  /// Afterwards the batch's selection is what goes on now, and `waiting` says how many rows are left.
  void place(Batch& batch, const Marks& faulted);
  size_t waiting() const { return order_.size() - next_; }
  /// Fills empty rows with the first ones that wait.
  void fill(Batch& batch);

 private:
  struct MadeCell {
    KeyId id;
    Cell cell;
  };
  struct Made {
    uint32_t first;
    uint32_t cells;
    Row after;
    bool has_failed;
  };
  /// What comes out in which order: a row of the batch or one of made_.
  struct Turn {
    bool is_made;
    uint32_t number;
  };
  void merge(const Batch& batch);
  void keep_aside(const Batch& batch, const Marks& faulted, size_t from);
  void move(Batch& batch);
  void write(Batch& batch, Row row, const Made& made);

  std::vector<MadeCell> cells_;
  std::vector<Made> made_;
  std::vector<Turn> order_;
  size_t next_ = 0;
};

}  // namespace stook
