// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Values of declared keys, from cells to Lua and back. All functions RAISE, but for `is_of`.
#pragma once

#include <cstdint>
#include <lua.hpp>

#include "core/base/arena.hh"
#include "core/data/column.hh"
#include "core/data/type.hh"

namespace stook {

/// A key that a script declared to read, and the text of it that was pushed last: when the next one has the same bytes,
/// the same Lua string goes in.
struct TypedRead {
  Type type;
  bool is_optional;
  const char* data = nullptr;
  uint32_t size = 0;
  Type last = Type::Null;
  const Column* column = nullptr;
};

/// Whether a value of this type may stand for the declared one.
bool is_of(Type declared, Type type);

/// Pushes a value that is of the declared type. `memo`: the stack's place for the text that was pushed last.
void push_typed(lua_State* raw, TypedRead& read, int memo, const Cell& cell);

/// The cell for the value at `index`, which is not nil, for a key of the declared type; `old`: what it had, or null.
/// The error calls it `what number`.
Cell take_typed(lua_State* raw, int index, Type declared, const char* what, size_t number, const Cell* old,
                Arena& arena);

}  // namespace stook
