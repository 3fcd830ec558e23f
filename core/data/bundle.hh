// SPDX-License-Identifier: Apache-2.0
/// Floor 1. A bundle: up to 256 keysets in columns plus one arena, the currency between rooms.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/arena.hh"
#include "core/data/column.hh"
#include "core/data/type.hh"

namespace stook {

class Receipt;
class Lane;

/// Columns of one size that wait to be used. *Rooms:* its owner's.
class ColumnStore {
 public:
  explicit ColumnStore(size_t capacity) : capacity_(capacity) {}
  ColumnStore(const ColumnStore&) = delete;
  ColumnStore& operator=(const ColumnStore&) = delete;

  /// One without values. The one that came back last goes first: it is warm. COLD when all are in use.
  Column* take();
  /// REQUIRES: it was taken here.
  void put(Column* column) { free_.push_back(column); }

 private:
  size_t capacity_;
  std::vector<std::unique_ptr<Column>> all_;
  std::vector<Column*> free_;
};

/// Rows × columns. Columns are taken on first write from the bundle's own store, to which they go back at `reset`, or from
/// that of the worker which runs it: then the same few columns, warm in the cache, serve bundle after bundle.
/// *Invariants:* every slice in a cell points into this arena or into static storage; `rows()` never shrinks within a
/// stack; below a branch of the tree of stacks, a column written above it is copied before the first write and comes
/// back when the branch is left, so that no stack sees what another one did.
/// *Rooms:* a front fills it, the worker holding it may do everything, nobody else touches it.
class Bundle {
 public:
  /// Tick: no rows, sent by a timer so that elements append what is due; LastTick: the same when the stream has ended.
  enum class Kind : uint8_t { Rows, Tick, LastTick };

  /// `source_rows`: how many the source may append; `capacity`: with those that filters append;
  /// `keys`: how many KeyIds exist.
  Bundle(size_t source_rows, size_t capacity, size_t keys);
  Bundle(const Bundle&) = delete;
  Bundle& operator=(const Bundle&) = delete;

  size_t rows() const { return rows_; }
  size_t capacity() const { return capacity_; }
  /// Whether the source may append one more row.
  bool has_room() const { return rows_ < source_rows_; }
  /// How many rows the source may still append.
  size_t room() const { return source_rows_ - std::min(rows_, source_rows_); }
  /// Appends one row and returns its number, counted from 0. All its cells are absent.
  /// REQUIRES: rows() < capacity().  Cost: O(1), no allocation.
  Row append() { return static_cast<Row>(rows_++); }

  /// The column, or null when nobody wrote it.
  const Column* column(KeyId id) const { return slots_[index_of(id)]; }
  /// The column for writing: taken fresh, or copied when it belongs to a level above this branch.
  /// COLD when the store has no column left.
  Column& writable(KeyId id) {
    Column* column = slots_[index_of(id)];
    return column != nullptr && column->depth == depth_ ? *column : own(id);
  }
  void put(KeyId id, Row row, const Cell& cell) { writable(id).set(row, cell); }
  /// Makes the key absent in all rows.
  void remove(KeyId id);
  /// Moves all values of one key to another, whose own values are gone.
  void rename(KeyId from, KeyId to);

  /// How many KeyIds there are slots for.
  size_t keys() const { return slots_.size(); }

  Arena& arena() { return arena_; }

  /// Enters a branch of the tree: what is written from here on is undone by `leave_branch`.
  void enter_branch();
  void leave_branch();

  /// Columns are taken from this store from here on, until `take_back`, by which all values in them are gone.
  /// REQUIRES: its columns are of this bundle's capacity.
  void lend(ColumnStore& store) { store_ = &store; }
  void take_back();

  /// Back to empty. Cost: O(columns touched).
  void reset();

  // Carried along for the engine.
  Receipt* receipt = nullptr;
  /// Receipts of other bundles, whose held rows are in this one now. The payloads made of it take them over.
  std::vector<Receipt*> released;
  Lane* lane = nullptr;
  uint64_t sequence = 0;
  int64_t sealed_at = 0;
  Kind kind = Kind::Rows;

 private:
  struct Undo {
    KeyId id;
    Column* before;
  };
  Column& own(KeyId id);
  void remember(KeyId id, Column* before);

  size_t source_rows_;
  size_t capacity_;
  size_t rows_ = 0;
  uint16_t depth_ = 0;
  std::vector<Column*> slots_;
  std::vector<KeyId> touched_;
  ColumnStore own_;
  ColumnStore* store_ = &own_;
  std::vector<Undo> undo_;
  struct Level {
    size_t undo;
    size_t rows;
  };
  std::vector<Level> levels_;
  Arena arena_;
};

}  // namespace stook
