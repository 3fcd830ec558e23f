// SPDX-License-Identifier: Apache-2.0
/// Values as JSON strings, whatever their type is: labels, names and ids of those who know nothing else.
#pragma once

#include "core/data/batch.hh"
#include "core/data/json_text.hh"
#include "core/data/pattern.hh"
#include "core/data/payload.hh"

namespace stook {

/// Appends the plain text of a value as a JSON string. `scratch` is used for what is no text.
inline void append_quoted(Payload& out, const Cell& cell, const JsonStyle& style, Payload& scratch) {
  if (cell.type == Type::Text || cell.type == Type::Bytes) {
    append_json(out, Cell::of_text(cell.bytes()), style);
    return;
  }
  scratch.reset();
  append_text(scratch, cell);
  append_json(out, Cell::of_text(scratch.bytes()), style);
}

/// A key that such a codec reads, by its place among the declared reads, in the batch at hand.
inline const Cell* value_at(const Batch& batch, size_t read, Row row) {
  const Column* column = batch.read(batch.in(read));
  return column == nullptr ? nullptr : column->find(row);
}

/// A pattern among whose text are values, and where its keys are among the declared reads.
struct QuotedPattern {
  Pattern pattern;
  size_t first_read = 0;
  std::vector<KeyId> ids;  // of a replica: those of the batch at hand

  /// REQUIRES: once for each batch, before `append`.
  void bind(const Batch& batch, size_t keys) {
    ids.resize(keys);
    for (size_t i = 0; i < keys; i++) {
      ids[i] = batch.in(first_read + i);
    }
  }
  /// Appends `lead` and the pattern's text for this row as a JSON string; nothing where the text is empty.
  void append(const Batch& batch, Row row, Payload& out, std::string_view lead, const JsonStyle& style,
              Payload& scratch) {
    scratch.reset();
    pattern.expand(batch, ids.data(), row, scratch);
    if (scratch.size() > 0) {
      out.append(lead);
      append_json(out, Cell::of_text(scratch.bytes()), style);
    }
  }
};

}  // namespace stook
