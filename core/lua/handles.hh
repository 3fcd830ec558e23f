// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What a script has of a row that is held: an object that reads and writes like a record. All functions RAISE.
#pragma once

#include <lua.hpp>

#include "core/lua/held_rows.hh"

namespace stook {

/// Before the script runs.
void open_handles(lua_State* raw);
/// Wants the row held, and pushes a handle to it. When the handle is collected the row goes on as it came.
void push_handle(lua_State* raw, HeldRows& rows, Row row);
bool is_handle(lua_State* raw, int index);
/// The row of the handle at `index`, which must still be kept. Uservalue 1 of a handle is a table with what the script
/// has changed, or nil.
HeldRow& kept_row(lua_State* raw, int index);
/// Pushes the handle of a row; false, and nothing: the script has none.
bool find_handle(lua_State* raw, const HeldRow& held);
/// Whether the value says that a key was taken out of a held row.
bool is_removed_mark(lua_State* raw, int index);

/// The longest name of a key.
inline constexpr size_t longest_key_name = 255;

}  // namespace stook
