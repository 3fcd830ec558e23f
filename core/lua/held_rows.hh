// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Rows that a script keeps for later, each with the receipt of the bundle it came in.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/room.hh"
#include "core/data/batch.hh"

namespace stook {

/// One row, copied out of its bundle. Keys are kept by name, as an open key's number may be another one by then.
/// *Rooms:* one replica, its worker.
struct HeldRow {
  /// Free: no row is in it. Wanted: the script asked for the row at hand, its call is not done. Kept. Going: the script
  /// let go of it in a call that is not done.
  enum class Stage : uint8_t { Free, Wanted, Kept, Going };
  struct HeldCell {
    uint32_t name;
    uint32_t name_size;
    uint32_t at;  // of a slice: where its bytes are
    Cell cell;
  };

  Stage stage = Stage::Free;
  /// The script has no handle to it any more.
  bool is_forgotten = false;
  /// Which of all rows that were ever held it is; a handle names it.
  uint64_t number = 0;
  Row row = 0;  // while Wanted
  Receipt* receipt = nullptr;
  std::vector<HeldCell> cells;
  std::string bytes;

  std::string_view name_of(const HeldCell& cell) const { return {bytes.data() + cell.name, cell.name_size}; }
  /// The cell, its bytes in this row's own store.
  Cell value_of(const HeldCell& cell) const;
  const HeldCell* find(std::string_view name) const;
};

/// All held rows of a replica.
/// *Invariants:* a row that is Kept or Going holds its receipt once. *Rooms:* one replica, its worker.
class HeldRows {
 public:
  /// More than this, or than so many bytes, would keep the source's position for too long.
  static constexpr size_t most = 65'536;
  explicit HeldRows(size_t most_bytes) : most_bytes_(most_bytes) {}

  /// A row to be held when the call at hand is done; null: there are too many, or it is that row's second time.
  HeldRow* want(Row row);
  /// Lets go of a kept row when the call at hand is done.
  void let_go(HeldRow& held);
  /// The call at hand failed: nothing of what it asked for is done.
  void undo();
  /// The call at hand is done: copies the rows that are wanted; `take(row)` hears of each.
  template <class Take>
  void commit(Batch& batch, Take&& take) {
    for (HeldRow* held : wanted_) {
      take(held->row);
      keep(batch, *held);
    }
    wanted_.clear();
    done_ = going_.size();
  }
  /// The script has lost its handle: the row goes on with the next batch.
  void forget(HeldRow& held) {
    held.is_forgotten = true;
    forgotten_++;
  }
  bool has_forgotten() const { return forgotten_ > 0; }
  std::vector<HeldRow*> take_forgotten();
  /// At the end of a batch: gives back the receipts of all rows that were let go of.
  void finish(Batch& batch);
  /// The rows that are kept, in the order in which they were.
  std::vector<HeldRow*> kept() const { return in_order(false); }

 private:
  void keep(Batch& batch, HeldRow& held);
  void free(HeldRow& held);
  std::vector<HeldRow*> in_order(bool only_forgotten) const;

  size_t most_bytes_;
  size_t bytes_ = 0;
  uint64_t last_ = 0;
  size_t forgotten_ = 0;
  std::vector<std::unique_ptr<HeldRow>> all_;
  std::vector<HeldRow*> free_;
  std::vector<HeldRow*> wanted_;
  std::vector<HeldRow*> going_;
  size_t done_ = 0;  // of going_: those of calls that are done
};

}  // namespace stook
