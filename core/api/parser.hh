// SPDX-License-Identifier: Apache-2.0
/// Floor 2. What parsers share: where the text of a row is, what becomes of it, and how a row says that it has none.
#pragma once

#include <string_view>

#include "core/data/batch.hh"

namespace stook {

/// The rows of a batch as texts to be parsed. A row ends by `done`, which takes its text away unless it is to be kept,
/// or by `fail`, which leaves all as it is and says why under `parse_error`.
/// *Invariants:* cells of other rows are never touched. *Rooms:* the worker that runs the parser.
class TextRows {
 public:
  /// `key`: where the text is; `error`: where the reason goes; either may be no_key.
  TextRows(Batch& batch, KeyId key, KeyId error, bool keep_text) : batch_(&batch), error_(error) {
    texts_ = batch.read(key);
    if (texts_ != nullptr && !keep_text) {
      taken_ = batch.write(key);
      texts_ = taken_;
    }
  }
  /// The text of a row, with null data when there is none or when it is no text.
  std::string_view text(Row row) const {
    const Cell* cell = texts_ == nullptr ? nullptr : texts_->find(row);
    if (cell == nullptr || (cell->type != Type::Text && cell->type != Type::Bytes)) {
      return {};
    }
    return cell->data == nullptr ? std::string_view("") : cell->bytes();
  }
  /// The row's value as it is, or null when it is absent.
  const Cell* cell(Row row) const { return texts_ == nullptr ? nullptr : texts_->find(row); }
  /// Call before the parsed cells are written: one of them may take the text's place.
  void done(Row row) {
    if (taken_ != nullptr) {
      taken_->clear(row);
    }
  }
  /// REQUIRES: `reason` outlives the bundle, or is static. Rows fail in ascending order.
  void fail(Row row, std::string_view reason) {
    if (Column* errors = batch_->write(error_)) {
      errors->set(row, Cell::of_text(reason));
    }
    batch_->fault(row);
  }
  /// The same with a reason that lives shorter: it is copied.
  void fail_copied(Row row, std::string_view reason) { fail(row, batch_->arena().copy(reason)); }

 private:
  Batch* batch_;
  KeyId error_;
  const Column* texts_ = nullptr;
  Column* taken_ = nullptr;
};

}  // namespace stook
