// SPDX-License-Identifier: Apache-2.0
#include "core/data/bundle.hh"

#include <utility>

namespace stook {

namespace {
void give_home(Column* column) {
  if (column != nullptr) {
    column->home->put(column);
  }
}
}  // namespace

Column* ColumnStore::take() {
  if (free_.empty()) {
    all_.push_back(std::make_unique<Column>(capacity_));
    all_.back()->home = this;
    free_.reserve(all_.size());
    return all_.back().get();
  }
  Column* column = free_.back();
  free_.pop_back();
  column->clear_all();
  return column;
}

Bundle::Bundle(size_t source_rows, size_t capacity, size_t keys)
    : source_rows_(source_rows), capacity_(capacity), slots_(keys, nullptr), own_(capacity) {
  touched_.reserve(keys);
  undo_.reserve(keys);
  levels_.reserve(32);
}

void Bundle::remember(KeyId id, Column* before) {
  if (depth_ > 0) {
    undo_.push_back({id, before});
  } else {
    give_home(before);
  }
}

Column& Bundle::own(KeyId id) {
  Column*& slot = slots_[index_of(id)];
  Column* fresh = store_->take();
  fresh->depth = depth_;
  if (slot == nullptr) {
    if (depth_ == 0) {
      touched_.push_back(id);
    } else {
      remember(id, nullptr);
    }
  } else {
    fresh->copy_from(*slot);
    remember(id, slot);
  }
  slot = fresh;
  return *fresh;
}

void Bundle::remove(KeyId id) {
  Column*& slot = slots_[index_of(id)];
  if (slot == nullptr) {
    return;
  }
  if (slot->depth == depth_) {
    slot->clear_all();
    return;
  }
  remember(id, slot);
  slot = nullptr;
}

void Bundle::rename(KeyId from, KeyId to) {
  if (from == to) {
    return;
  }
  if (slots_[index_of(from)] == nullptr) {
    remove(to);
    return;
  }
  Column& target = writable(to);
  if (slots_[index_of(from)]->depth == depth_) {
    std::swap(slots_[index_of(from)], slots_[index_of(to)]);
  } else {
    target.copy_from(*slots_[index_of(from)]);
  }
  remove(from);
}

void Bundle::enter_branch() {
  levels_.push_back({undo_.size(), rows_});
  depth_++;
}

void Bundle::leave_branch() {
  Level level = levels_.back();
  levels_.pop_back();
  while (undo_.size() > level.undo) {
    Undo last = undo_.back();
    undo_.pop_back();
    Column*& slot = slots_[index_of(last.id)];
    if (slot != last.before) {
      give_home(slot);
    }
    slot = last.before;
  }
  rows_ = level.rows;
  depth_--;
}

void Bundle::take_back() {
  while (depth_ > 0) {
    leave_branch();
  }
  // Renaming may have exchanged places, so it is the column that says whose it is.
  for (KeyId id : touched_) {
    Column*& slot = slots_[index_of(id)];
    if (slot != nullptr && slot->home != &own_) {
      give_home(slot);
      slot = nullptr;
    }
  }
  store_ = &own_;
}

void Bundle::reset() {
  while (depth_ > 0) {
    leave_branch();
  }
  for (KeyId id : touched_) {
    give_home(slots_[index_of(id)]);
    slots_[index_of(id)] = nullptr;
  }
  touched_.clear();
  arena_.reset();
  rows_ = 0;
  kind = Kind::Rows;
}

}  // namespace stook
