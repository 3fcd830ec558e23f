// SPDX-License-Identifier: Apache-2.0
/// Floor 2. What the named groups of a regular expression leave in a row: grok and parse_regex fill it.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "core/api/literal.hh"
#include "core/data/batch.hh"

namespace stook {

/// A cell for each key, gathered before any is written: a row that turns out wrong stays as it is.
/// *Rooms:* one replica, its worker.
class GroupCells {
 public:
  explicit GroupCells(size_t count) : columns_(count), cells_(count) {}

  /// Before the first row of a batch. The keys are its outputs from `first` on.
  void begin(Batch& batch, size_t first) {
    for (size_t i = 0; i < columns_.size(); i++) {
      columns_[i] = batch.write(batch.out(first + i));
    }
  }
  /// Before a row.
  void clear() {
    for (Cell& cell : cells_) {
      cell.type = Type::Mixed;
    }
  }
  /// Whether somebody reads this key, and no group has set it.
  bool lacks(size_t i) const { return columns_[i] != nullptr && cells_[i].type == Type::Mixed; }
  /// False when the bytes are not of this type. Where that is no text, none and '-' leave the key absent.
  [[nodiscard]] bool take(size_t i, Type type, std::string_view bytes) {
    if (type == Type::Text) {
      cells_[i] = Cell::of_text(bytes);
      return true;
    }
    return bytes.empty() || bytes == "-" || read_cell(type, bytes, cells_[i]);
  }
  /// Writes what has been set.
  void put(Row row) const {
    for (size_t i = 0; i < cells_.size(); i++) {
      if (cells_[i].type != Type::Mixed) {
        columns_[i]->set(row, cells_[i]);
      }
    }
  }

 private:
  std::vector<Column*> columns_;  // of the batch at hand
  std::vector<Cell> cells_;       // of the row at hand; Mixed: absent
};

}  // namespace stook
