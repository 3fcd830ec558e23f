// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What a script calls a record: one userdata that looks at a row of the batch.
#pragma once

#include <cstdint>
#include <lua.hpp>
#include <memory>
#include <vector>

#include "core/base/room.hh"
#include "core/data/batch.hh"

namespace stook {

/// Cells are pushed when the script asks for them. A name is found by the address of its interned string, which stands
/// for the same key as long as the dictionary's stamp does.
/// *Invariants:* a cached address is pinned in the table of pins, so that Lua cannot reuse it; undoing the log from its
/// end makes all rows what they were when it was empty. *Rooms:* one replica, its worker.
class RecordView {
 public:
  /// Makes the userdata; the argument is this view. To be called protected.
  static int make(lua_State* raw);
  /// Before the first row of a batch.
  void begin(Batch& batch);
  /// Looks at a row from here on.
  void look_at(Row row);
  void open() { is_open_ = true; }
  void close() { is_open_ = false; }
  /// What was written from here on can be undone.
  void forget_changes() { undo_.clear(); }
  /// Closes, and takes back what was written.
  void undo();
  Row row() const { return row_; }

  /// RAISES, as do all below.
  static void push(lua_State* raw);
  static bool is_view(lua_State* raw, int index);

 private:
  struct Entry {
    const char* name;
    KeyId id;
    /// How many keys there were when the name was not among them.
    size_t known;
  };
  struct Undo {
    KeyId id;
    Row row;
    bool was_present;
    Cell cell;
  };
  static constexpr unsigned fewest_bits = 6;
  static constexpr unsigned most_bits = 9;

  static int index(lua_State* raw);
  static int new_index(lua_State* raw);
  static int pairs(lua_State* raw);
  static int next(lua_State* raw);
  static RecordView& of(lua_State* raw);

  KeyId key(lua_State* raw, int index, bool makes);
  KeyId learn(lua_State* raw, int index, Entry* known, bool makes);
  void forget_names();
  void begin_again();
  size_t slot_of(const char* name) const {
    return (reinterpret_cast<uintptr_t>(name) >> 4) * 0x9E3779B97F4A7C15ull >> (64 - bits_);
  }
  size_t behind(size_t slot) const { return (slot + 1) & ((size_t{1} << bits_) - 1); }
  void push_name(lua_State* raw, KeyId id);
  void remember(KeyId id, const Cell* cell);
  const Cell* cell_of(KeyId id) const {
    const Column* column = batch_->bundle().column(id);
    return column == nullptr ? nullptr : column->find(row_);
  }

  Batch* batch_ = nullptr;
  Row row_ = 0;
  bool is_open_ = false;
  uint64_t stamp_ = 0;
  size_t used_ = 0;
  /// 2^bits_ slots; they double while a script has many names, for most have few.
  unsigned bits_ = fewest_bits;
  std::unique_ptr<Entry[]> cache_ = std::make_unique<Entry[]>(size_t{1} << fewest_bits);
  std::vector<Undo> undo_;
  /// By key: the look at a row (by serial) that has an entry in the undo log.
  std::vector<uint32_t> logged_;
  uint32_t serial_ = 0;
  /// By key: whether its name is in the table of names.
  std::vector<bool> is_named_;
};

}  // namespace stook
