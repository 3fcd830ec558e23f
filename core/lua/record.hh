// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The record form: `filter(rec)`, where rec is one userdata that looks at the row at hand.
#pragma once

#include <cstdint>
#include <lua.hpp>
#include <memory>
#include <vector>

#include "core/lua/driver.hh"

namespace stook {

/// Cells are pushed when the script asks for them. A name is found by the address of its interned string, which stands
/// for the same key as long as the dictionary's stamp does.
/// *Invariants:* a cached address is pinned in the table of pins, so that Lua cannot reuse it; the undo log holds each
/// key once, as it was before the row.
class RecordDriver final : public Driver {
 public:
  explicit RecordDriver(std::unique_ptr<LuaState> state);

 private:
  struct Entry {
    const char* name;
    KeyId id;
    /// How many keys there were when the name was not among them.
    size_t known;
  };
  struct Undo {
    KeyId id;
    bool was_present;
    Cell cell;
  };
  static constexpr size_t slots = 512;

  void begin() override;
  void undo() override;
  void end() override { is_in_row_ = false; }

  static int open(lua_State* raw);
  static int loop(lua_State* raw);
  static int index(lua_State* raw);
  static int new_index(lua_State* raw);
  static int pairs(lua_State* raw);
  static int next(lua_State* raw);
  static RecordDriver& of(lua_State* raw);

  KeyId key(lua_State* raw, int index, bool makes);
  KeyId learn(lua_State* raw, int index, Entry* known, bool makes);
  void forget_names();
  void push_name(lua_State* raw, KeyId id);
  void remember(KeyId id, const Cell* cell);
  const Cell* cell_of(KeyId id) const {
    const Column* column = batch_->bundle().column(id);
    return column == nullptr ? nullptr : column->find(row());
  }

  bool is_in_row_ = false;
  uint64_t stamp_ = 0;
  size_t used_ = 0;
  Entry cache_[slots] = {};
  std::vector<Undo> undo_;
  size_t undos_ = 0;
  /// By key: the row (by serial) that has an entry in the undo log.
  std::vector<uint32_t> logged_;
  uint32_t serial_ = 0;
  /// By key: whether its name is in the table of names.
  std::vector<bool> is_named_;
};

}  // namespace stook
