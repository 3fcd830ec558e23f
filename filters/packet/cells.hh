// SPDX-License-Identifier: Apache-2.0
/// What filters of packets and flows read of rows: numbers, texts and addresses that may be absent. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/data/column.hh"

namespace stook {

/// A number of a row, or its absence.
struct NumberAt {
  uint64_t value = 0;
  bool is_there = false;
  explicit operator bool() const { return is_there; }
};

inline NumberAt number_at(const Column* column, Row row) {
  const Cell* cell = column == nullptr ? nullptr : column->find(row);
  bool is_number = cell != nullptr && (cell->type == Type::Unsigned || cell->type == Type::Integer);
  return is_number ? NumberAt{cell->bits, true} : NumberAt{};
}

/// The bytes of a text, of bytes or of an address; null data when there are none.
inline std::string_view bytes_at(const Column* column, Row row) {
  const Cell* cell = column == nullptr ? nullptr : column->find(row);
  if (cell == nullptr || (cell->type != Type::Text && cell->type != Type::Bytes && cell->type != Type::Address)) {
    return {};
  }
  return cell->size == 0 ? std::string_view("") : cell->bytes();
}

/// An address of 4 or 16 bytes; null data when there is none.
inline std::string_view address_at(const Column* column, Row row) {
  const Cell* cell = column == nullptr ? nullptr : column->find(row);
  bool is_address = cell != nullptr && cell->type == Type::Address && (cell->size == 4 || cell->size == 16);
  return is_address ? cell->bytes() : std::string_view();
}

inline bool truth_at(const Column* column, Row row) {
  const Cell* cell = column == nullptr ? nullptr : column->find(row);
  return cell != nullptr && cell->type == Type::Boolean && cell->is_truth();
}

}  // namespace stook
