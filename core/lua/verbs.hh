// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What a script may do with whole rows: emit, hold, drop. All functions RAISE.
#pragma once

#include <lua.hpp>
#include <string_view>

#include "core/data/batch.hh"

namespace stook {

class Driver;
struct HeldRow;

/// The functions work on the driver of their state.
struct RowVerbs {
  /// Puts emit, hold and drop into the globals.
  static void open(lua_State* raw);
  /// emit(what): makes a row of a table, of a row of the batch, or of one that is held.
  static int emit(lua_State* raw);
  /// hold(): takes the row at hand out of the stream, and gives a handle to it.
  static int hold(lua_State* raw);
  /// drop(held): a row that is held goes nowhere.
  static int drop(lua_State* raw);
  /// Emits the HeldRow that is the light userdata at 1.
  static int let_go_protected(lua_State* raw);

  /// Adds the pairs of the table at `index` to the row that is being made. `held`: the row that they are changes of, or
  /// null. Names that are new to the route get their numbers in alphabetic order, so that equal rows are equal bytes
  /// whatever the order of Lua's keys is.
  static void add_table(lua_State* raw, Driver& driver, int index, const HeldRow* held);
  /// Adds all cells of a row of the batch, or only those of meta keys.
  static void add_row(lua_State* raw, Driver& driver, Row row, bool only_meta);
  static void begin_row(Driver& driver);
  static void add_cell(lua_State* raw, Driver& driver, KeyId id, const Cell& cell);
  static void end_row(lua_State* raw, Driver& driver);

 private:
  static void add_held(lua_State* raw, Driver& driver, const HeldRow& held, int changes);
  static void let_go(lua_State* raw, Driver& driver, int handle);
};

/// The texts in the list at `index`, sorted, in memory of Lua's that is left at the top of the stack.
std::string_view* sorted_names(lua_State* raw, int index, lua_Integer count);

/// The cell for the value at `index`, for a key that has no value yet: of its declared type where it can be.
Cell cell_for_key(lua_State* raw, int index, Batch& batch, KeyId id);

}  // namespace stook
