// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. One value from a cell to Lua and back, without loss. All functions RAISE, but for `is_exactly`.
#pragma once

#include <lua.hpp>
#include <string_view>

#include "core/base/arena.hh"
#include "core/data/type.hh"

namespace stook {

/// Pushes a value: numbers and times as they are (an Unsigned above 2^63 appears negative, a Time is ns), texts and bytes
/// as strings, addresses in their usual form, null as stook.null, objects as tables.
void push_cell(lua_State* raw, const Cell& cell);

/// The cell for the value at `index`, which is not nil. `old` is the cell in whose place it comes, or null: where the
/// value says the same, the old cell comes back as it was; where it is of the same kind, its type is kept.
/// Texts are copied into the arena, within LuaState::may_store. Raises for functions and the like.
Cell make_cell(lua_State* raw, int index, const Cell* old, Arena& arena);

/// Whether the value at `index` is what push_cell gives for this cell, which is no object.
bool is_exactly(lua_State* raw, int index, const Cell& cell);

/// Whether a value may be a key in an object that a script sees.
bool is_object_key(const Cell& cell);
/// Pushes the table, or the single value, that msgpack bytes hold.
void push_object(lua_State* raw, std::string_view bytes);
/// Appends the msgpack of the value at `index` to LuaState::bytes. `old`: the msgpack of what was there before, or empty;
/// its order, its forms and its types are kept wherever the value says the same.
void write_object(lua_State* raw, int index, std::string_view old);

/// The cell for a value that is neither nil nor a table, with texts not copied.
Cell make_leaf(lua_State* raw, int index, const Cell* old);

}  // namespace stook
