// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What a script finds: Lua's own libraries without the ways out, and the table `stook`.
#pragma once

#include <lua.hpp>

namespace stook {

/// Opens all libraries in a fresh state. RAISES, as does all below.
void open_libraries(lua_State* raw);

// Each changes one of Lua's libraries so that no call of it outlives the budget or leaves the state.
void open_base(lua_State* raw);
void open_strings(lua_State* raw);
void open_tables(lua_State* raw);
void open_coroutines(lua_State* raw);
void open_stook(lua_State* raw);
/// Lets the table on top find the parts of the library, such as `json`, when they are asked for.
void open_parts(lua_State* raw);

/// Marks the table at `index` as an array or as a map, whatever its keys are.
void mark_array(lua_State* raw, int index);
void mark_map(lua_State* raw, int index);
enum class TableMark { None, Array, Map };
/// What the table at `index` is marked as. Raises nothing.
TableMark mark_of(lua_State* raw, int index);

/// stook.null.
void push_null(lua_State* raw);
bool is_null(lua_State* raw, int index);

}  // namespace stook
