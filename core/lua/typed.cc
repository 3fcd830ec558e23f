// SPDX-License-Identifier: Apache-2.0
#include "core/lua/typed.hh"

#include "core/lua/cells.hh"

namespace stook {

bool stands_for(Type declared, Type type) {
  switch (declared) {
    case Type::Mixed:
      return true;
    case Type::Integer:
    case Type::Unsigned:
      return type == Type::Integer || type == Type::Unsigned;
    case Type::Real:
      return type == Type::Real || type == Type::Integer || type == Type::Unsigned;
    case Type::Text:
    case Type::Bytes:
      return type == Type::Text || type == Type::Bytes;
    default:
      return type == declared;
  }
}

// Everything below RAISES.

void push_other(lua_State* raw, const TypedRead& read, const Cell& cell) {
  bool is_whole = cell.type == Type::Integer || cell.type == Type::Unsigned;
  if (is_whole && read.type == Type::Real) {
    lua_pushnumber(raw,
                   cell.type == Type::Integer ? static_cast<double>(cell.integer) : static_cast<double>(cell.bits));
    return;
  }
  push_cell(raw, cell);
}

Cell take_typed(lua_State* raw, int index, Type declared, const char* what, size_t number, const Cell* old,
                Arena& arena) {
  int type = lua_type(raw, index);
  Cell cell{};
  bool is_right = true;
  if (declared == Type::Real && type == LUA_TNUMBER) {
    cell = Cell::of_real(lua_tonumber(raw, index));
  } else if (type == LUA_TNUMBER &&
             (declared == Type::Integer || declared == Type::Unsigned || declared == Type::Time)) {
    int is_whole = 0;
    int64_t whole = lua_tointegerx(raw, index, &is_whole);
    is_right = is_whole != 0;
    Type made = declared == Type::Integer && old != nullptr && old->type == Type::Unsigned ? Type::Unsigned : declared;
    cell = Cell::of_word(made, static_cast<uint64_t>(whole));
  } else {
    Cell hint = Cell::of_slice(declared, {});
    bool takes_hint = declared == Type::Bytes || declared == Type::Address;
    cell = make_cell(raw, index, takes_hint ? &hint : old, arena);
    is_right = cell.type == Type::Null || declared == Type::Mixed || is_of(declared, cell.type);
  }
  if (!is_right) {
    luaL_error(raw, "%s %d is a %s, and the key it is for is declared %s", what, static_cast<int>(number),
               luaL_typename(raw, index), type_name(declared).data());
  }
  return cell;
}

}  // namespace stook
