// SPDX-License-Identifier: Apache-2.0
/// Floor 1. The rows of a bundle that are still alive in a stack.
#pragma once

#include <cstddef>

#include "core/data/column.hh"
#include "core/data/type.hh"

namespace stook {

/// Ascending row numbers. Dropping a row moves no cell.
class Selection {
 public:
  const Row* begin() const { return rows_; }
  const Row* end() const { return rows_ + size_; }
  size_t size() const { return size_; }
  bool is_empty() const { return size_ == 0; }
  Row operator[](size_t i) const { return rows_[i]; }

  void clear() { size_ = 0; }
  /// REQUIRES: row is greater than all that are in.
  void add(Row row) { rows_[size_++] = row; }
  /// All rows from 0 up to `rows`.
  void select_all(size_t rows) {
    for (size_t i = 0; i < rows; i++) {
      rows_[i] = static_cast<Row>(i);
    }
    size_ = rows;
  }
  /// Keeps the rows for which `keep(row)` is true; returns how many went.
  template <class Keep>
  size_t keep_if(Keep&& keep) {
    size_t kept = 0;
    for (size_t i = 0; i < size_; i++) {
      Row row = rows_[i];
      rows_[kept] = row;
      kept += keep(row) ? 1 : 0;
    }
    size_t gone = size_ - kept;
    size_ = kept;
    return gone;
  }

 private:
  size_t size_ = 0;
  Row rows_[Column::max_rows];
};

}  // namespace stook
