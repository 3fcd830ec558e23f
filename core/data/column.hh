// SPDX-License-Identifier: Apache-2.0
/// Floor 1. The values of one key in one bundle: cells and presence bits.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>

#include "core/data/type.hh"

namespace stook {

class ColumnStore;

/// Cells of up to `capacity` rows. A cell whose presence bit is clear is never read.
class Column {
 public:
  static constexpr size_t max_rows = 512;

  explicit Column(size_t capacity) : capacity_(capacity), cells_(new Cell[capacity]) {}

  bool has(Row row) const { return (present_[row >> 6] >> (row & 63) & 1) != 0; }
  /// REQUIRES: has(row).
  const Cell& operator[](Row row) const { return at(row); }
  /// The cell, or null when it is absent.
  const Cell* find(Row row) const { return has(row) ? &at(row) : nullptr; }

  void set(Row row, const Cell& cell) {
    at(row) = cell;
    present_[row >> 6] |= uint64_t{1} << (row & 63);
  }
  void clear(Row row) { present_[row >> 6] &= ~(uint64_t{1} << (row & 63)); }
  void clear_all() { std::memset(present_, 0, sizeof present_); }
  bool is_empty() const {
    uint64_t any = 0;
    for (uint64_t word : present_) {
      any |= word;
    }
    return any == 0;
  }
  void copy_from(const Column& other) {
    std::memcpy(present_, other.present_, sizeof present_);
    std::memcpy(static_cast<void*>(cells_.get()), other.cells_.get(), capacity_ * sizeof(Cell));
  }

  /// How deep in the tree of stacks the values were written, and where it goes afterwards; kept by Bundle.
  uint16_t depth = 0;
  ColumnStore* home = nullptr;

 private:
  Cell& at(Row row) const { return cells_.get()[row]; }  // without the library's check for null

  size_t capacity_;
  std::unique_ptr<Cell[]> cells_;
  uint64_t present_[max_rows / 64] = {};
};

}  // namespace stook
