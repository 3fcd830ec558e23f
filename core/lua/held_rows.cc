// SPDX-License-Identifier: Apache-2.0
#include "core/lua/held_rows.hh"

#include <algorithm>

namespace stook {

Cell HeldRow::value_of(const HeldCell& held) const {
  Cell value = held.cell;
  if (value.is_slice()) {
    value.data = bytes.data() + held.at;
  }
  return value;
}

const HeldRow::HeldCell* HeldRow::find(std::string_view name) const {
  for (const HeldCell& cell : cells) {
    if (name_of(cell) == name) {
      return &cell;
    }
  }
  return nullptr;
}

HeldRow* HeldRows::want(Row row) {
  if (!wanted_.empty() && std::any_of(wanted_.begin(), wanted_.end(), [row](auto* one) { return one->row == row; })) {
    return nullptr;
  }
  if (free_.empty()) {
    if (all_.size() >= most) {
      return nullptr;
    }
    free_.push_back(all_.emplace_back(std::make_unique<HeldRow>()).get());
  }
  if (bytes_ >= most_bytes_) {
    return nullptr;
  }
  HeldRow* held = free_.back();
  free_.pop_back();
  held->stage = HeldRow::Stage::Wanted;
  held->is_forgotten = false;
  held->number = ++last_;
  held->row = row;
  wanted_.push_back(held);
  return held;
}

void HeldRows::let_go(HeldRow& held) {
  held.stage = HeldRow::Stage::Going;
  going_.push_back(&held);
}

void HeldRows::undo() {
  for (HeldRow* held : wanted_) {
    free(*held);
  }
  wanted_.clear();
  while (going_.size() > done_) {
    going_.back()->stage = HeldRow::Stage::Kept;
    going_.pop_back();
  }
}

void HeldRows::keep(Batch& batch, HeldRow& held) {
  const OpenKeys& keys = batch.keys();
  for (size_t i = 0; i < keys.size(); i++) {
    auto id = static_cast<KeyId>(i);
    const Column* column = batch.bundle().column(id);
    const Cell* cell = column == nullptr ? nullptr : column->find(held.row);
    if (cell == nullptr) {
      continue;
    }
    std::string_view name = keys.name(id);
    auto at = static_cast<uint32_t>(held.bytes.size());
    held.bytes.append(name);
    held.cells.push_back({at, static_cast<uint32_t>(name.size()), static_cast<uint32_t>(held.bytes.size()), *cell});
    if (cell->is_slice()) {
      held.bytes.append(cell->bytes());
    }
  }
  bytes_ += held.bytes.size();
  held.receipt = batch.hold();
  held.stage = HeldRow::Stage::Kept;
}

void HeldRows::free(HeldRow& held) {
  bytes_ -= held.receipt != nullptr ? held.bytes.size() : 0;
  held.stage = HeldRow::Stage::Free;
  held.number = 0;
  held.receipt = nullptr;
  held.cells.clear();
  held.bytes.clear();
  free_.push_back(&held);
}

void HeldRows::finish(Batch& batch) {
  for (HeldRow* held : going_) {
    batch.release(held->receipt);
    free(*held);
  }
  going_.clear();
  done_ = 0;
}

std::vector<HeldRow*> HeldRows::take_forgotten() {
  forgotten_ = 0;
  return in_order(true);
}

std::vector<HeldRow*> HeldRows::in_order(bool only_forgotten) const {
  std::vector<HeldRow*> rows;
  for (auto& held : all_) {
    if (held->stage == HeldRow::Stage::Kept && (held->is_forgotten || !only_forgotten)) {
      rows.push_back(held.get());
    }
  }
  std::sort(rows.begin(), rows.end(), [](const HeldRow* a, const HeldRow* b) { return a->number < b->number; });
  return rows;
}

}  // namespace stook
