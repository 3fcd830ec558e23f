// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Values of declared keys, from cells to Lua and back. All functions RAISE, but for `is_of`.
#pragma once

#include <cstdint>
#include <cstring>
#include <lua.hpp>

#include "core/base/arena.hh"
#include "core/data/column.hh"
#include "core/data/type.hh"

namespace stook {

/// A key that a script declared to read, and some texts of it that were pushed before: when one comes again, the same
/// Lua string goes in. Texts repeat from row to row, and comparing bytes is cheaper than hashing and interning them.
struct TypedRead {
  /// How many places of the stack a read needs for its texts.
  static constexpr int memos = 8;
  /// After so many new texts in a row nobody looks for old ones any more, until `forget`.
  static constexpr int most_misses = 16;
  struct Text {
    const char* data;
    uint32_t size;
    Type type;  // Null: there is none
  };

  Type type;
  bool is_optional;
  const Column* column = nullptr;
  int misses = 0;
  Text texts[memos] = {};

  void forget() {
    misses = 0;
    for (Text& text : texts) {
      text.type = Type::Null;
    }
  }
  static size_t place_of(const Cell& cell) {
    uint32_t first = cell.size == 0 ? 0 : static_cast<unsigned char>(cell.data[0]);
    uint32_t last = cell.size == 0 ? 0 : static_cast<unsigned char>(cell.data[cell.size - 1]);
    return (cell.size * 29 + first * 37 + last * 3) % memos;
  }
};

/// Whether a value of this type may stand for the declared one, which is another.
bool stands_for(Type declared, Type type);
inline bool is_of(Type declared, Type type) {
  return declared == type || stands_for(declared, type);
}

void push_other(lua_State* raw, const TypedRead& read, const Cell& cell);
/// Pushes a value that is of the declared type. `memo`: the first of the stack's places for its texts.
inline void push_typed(lua_State* raw, TypedRead& read, int memo, const Cell& cell) {
  if (cell.type == Type::Integer && read.type != Type::Real) {
    lua_pushinteger(raw, cell.integer);
    return;
  }
  bool repeats = cell.type == Type::Text || cell.type == Type::Bytes || cell.type == Type::Address;
  if (!repeats || read.misses >= TypedRead::most_misses) {
    push_other(raw, read, cell);
    return;
  }
  size_t place = TypedRead::place_of(cell);
  TypedRead::Text& text = read.texts[place];
  if (text.size == cell.size && text.type == cell.type &&
      (cell.size == 0 || std::memcmp(text.data, cell.data, cell.size) == 0)) {
    lua_pushvalue(raw, memo + static_cast<int>(place));
    read.misses = 0;
    return;
  }
  read.misses++;
  push_other(raw, read, cell);
  lua_copy(raw, -1, memo + static_cast<int>(place));
  text = {cell.data, cell.size, cell.type};
}

/// The text that was taken last, and its cell: a script that says the same again is stored once a bundle. `string` is
/// what lua_topointer says of it; it has to be kept alive as long as it stands here.
struct TakenText {
  const void* string = nullptr;
  Cell cell{};
};

/// The cell for the value at `index`, which is not nil, for a key of the declared type; `old`: what it had, or null.
/// The error calls it `what number`.
Cell take_typed(lua_State* raw, int index, Type declared, const char* what, size_t number, const Cell* old,
                Arena& arena);

}  // namespace stook
