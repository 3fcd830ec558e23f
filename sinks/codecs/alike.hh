// SPDX-License-Identifier: Apache-2.0
/// Values that neighbouring rows have in common, so that a codec writes their text once. Pure.
#pragma once

#include <algorithm>
#include <span>

#include "core/data/column.hh"
#include "core/data/type.hh"

namespace stook {

/// Whether both are written as the same text.
inline bool are_alike(const Cell& one, const Cell& other) {
  if (one.type != other.type) {
    return false;
  }
  if (!one.is_slice()) {
    return one.bits == other.bits;
  }
  bool are_of_a_form = one.is_number == other.is_number && one.is_json == other.is_json && one.size == other.size;
  return are_of_a_form && (one.data == other.data || one.bytes() == other.bytes());
}

/// The value that all of these rows have. Null: one of them has another one, or none.
/// REQUIRES: there is a row.
inline const Cell* value_of_all(const Column& column, std::span<const Row> rows) {
  const Cell* first = column.find(rows.front());
  bool is_of_all = first != nullptr && std::all_of(rows.begin() + 1, rows.end(), [&](Row row) {
                     const Cell* cell = column.find(row);
                     return cell != nullptr && are_alike(*cell, *first);
                   });
  return is_of_all ? first : nullptr;
}

}  // namespace stook
