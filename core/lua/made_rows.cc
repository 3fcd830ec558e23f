// SPDX-License-Identifier: Apache-2.0
#include "core/lua/made_rows.hh"

#include <algorithm>

namespace stook {

void MadeRows::begin_row() {
  cells_.resize(made_.empty() ? 0 : size_t{made_.back().first} + made_.back().cells);
}

void MadeRows::end_row(Row after) {
  uint32_t first = made_.empty() ? 0 : made_.back().first + made_.back().cells;
  made_.push_back({first, static_cast<uint32_t>(cells_.size() - first), after, false});
}

void MadeRows::cut(size_t size) {
  made_.resize(size);
  begin_row();
}

// The batch's rows, each with those behind it that were made at it.
void MadeRows::merge(const Batch& batch) {
  order_.clear();
  next_ = 0;
  uint32_t made = 0;
  auto count = static_cast<uint32_t>(made_.size());
  for (Row row : batch.rows()) {
    for (; made < count && made_[made].after < row; made++) {
      order_.push_back({true, made});
    }
    order_.push_back({false, row});
  }
  for (; made < count; made++) {
    order_.push_back({true, made});
  }
}

void MadeRows::place(Batch& batch, const Marks& faulted) {
  merge(batch);
  for (size_t i = 0; i < made_.size(); i++) {
    Row row;
    if (!batch.append(row)) {
      break;
    }
  }
  const Selection& slots = batch.rows();
  keep_aside(batch, faulted, slots.size());
  move(batch);
  for (size_t i = 0; i < slots.size(); i++) {
    const Turn& turn = order_[i];
    if (turn.is_made) {
      write(batch, slots[i], made_[turn.number]);
    } else if (faulted[turn.number]) {
      batch.fault(slots[i]);
    }
  }
  next_ = slots.size();
  if (waiting() == 0) {
    cut(0);
  }
}

// Rows that came in and have no place in this round become made ones.
void MadeRows::keep_aside(const Batch& batch, const Marks& faulted, size_t from) {
  const Bundle& bundle = batch.bundle();
  for (size_t i = from; i < order_.size(); i++) {
    Turn& turn = order_[i];
    if (turn.is_made) {
      continue;
    }
    auto row = static_cast<Row>(turn.number);
    begin_row();
    for (size_t k = 0; k < batch.keys().size(); k++) {
      auto id = static_cast<KeyId>(k);
      const Column* column = bundle.column(id);
      if (column != nullptr && column->has(row)) {
        add(id, (*column)[row]);
      }
    }
    end_row(row);
    made_.back().has_failed = faulted[row];
    turn = {true, static_cast<uint32_t>(made_.size() - 1)};
  }
}

// Gives each row that came in its new place, which is never before its old one, and empties the places of made ones.
void MadeRows::move(Batch& batch) {
  const Selection& slots = batch.rows();
  for (size_t k = 0; k < batch.keys().size(); k++) {
    auto id = static_cast<KeyId>(k);
    if (batch.bundle().column(id) == nullptr) {
      continue;
    }
    Column& column = batch.bundle().writable(id);
    for (size_t i = slots.size(); i-- > 0;) {
      const Turn& turn = order_[i];
      const Cell* cell = turn.is_made ? nullptr : column.find(static_cast<Row>(turn.number));
      if (cell == nullptr) {
        column.clear(slots[i]);
      } else if (slots[i] != turn.number) {
        column.set(slots[i], *cell);
      }
    }
  }
}

void MadeRows::write(Batch& batch, Row row, const Made& made) {
  for (size_t i = made.first; i < size_t{made.first} + made.cells; i++) {
    batch.bundle().put(cells_[i].id, row, cells_[i].cell);
  }
}

void MadeRows::fill(Batch& batch) {
  for (Row row : batch.rows()) {
    const Made& made = made_[order_[next_++].number];
    write(batch, row, made);
    if (made.has_failed) {
      batch.fault(row);
    }
  }
  if (waiting() == 0) {
    cut(0);
  }
}

}  // namespace stook
