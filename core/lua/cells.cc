// SPDX-License-Identifier: Apache-2.0
#include "core/lua/cells.hh"

#include <arpa/inet.h>

#include <bit>
#include <cstring>

#include "core/data/object.hh"
#include "core/data/pattern.hh"
#include "core/lua/library.hh"
#include "core/lua/state.hh"

namespace stook {

void push_cell(lua_State* raw, const Cell& cell) {
  switch (cell.type) {
    case Type::Null:
      push_null(raw);
      return;
    case Type::Boolean:
      lua_pushboolean(raw, cell.is_truth() ? 1 : 0);
      return;
    case Type::Integer:
    case Type::Unsigned:
    case Type::Time:
      lua_pushinteger(raw, cell.integer);
      return;
    case Type::Real:
      lua_pushnumber(raw, cell.real);
      return;
    case Type::Text:
    case Type::Bytes:
      lua_pushlstring(raw, cell.data, cell.size);
      return;
    case Type::Address: {
      char text[48];
      lua_pushlstring(raw, text, static_cast<size_t>(put_address(text, cell.bytes()) - text));
      return;
    }
    case Type::Object:
    case Type::Mixed:
      push_object(raw, object_bytes(cell, LuaState::of(raw).object));
      return;
  }
}

namespace {
std::string_view text_of(lua_State* raw, int index) {
  size_t size = 0;
  const char* bytes = lua_tolstring(raw, index, &size);
  return {bytes, size};
}

// Its one place in the arena, until the next value of this row.
Cell address_of(std::string_view text, const Cell& otherwise) {
  static thread_local unsigned char bytes[16];
  char name[64];
  if (text.size() >= sizeof name) {
    return otherwise;
  }
  std::memcpy(name, text.data(), text.size());
  name[text.size()] = '\0';
  size_t size = inet_pton(AF_INET, name, bytes) == 1 ? 4 : inet_pton(AF_INET6, name, bytes) == 1 ? 16 : 0;
  return size == 0 ? otherwise : Cell::of_slice(Type::Address, {reinterpret_cast<const char*>(bytes), size});
}

Cell text_leaf(std::string_view text, const Cell* old) {
  Type type = old != nullptr && old->type == Type::Bytes ? Type::Bytes : Type::Text;
  Cell cell = Cell::of_slice(type, text);
  return old != nullptr && old->type == Type::Address ? address_of(text, cell) : cell;
}

Cell integer_leaf(int64_t value, const Cell* old) {
  if (old != nullptr && old->type == Type::Time) {
    return Cell::of_time(value);
  }
  // A negative number in place of a large unsigned one is its bits; in place of a small one it is itself.
  if (old != nullptr && old->type == Type::Unsigned && (value >= 0 || old->integer < 0)) {
    return Cell::of_unsigned(static_cast<uint64_t>(value));
  }
  return Cell::of_integer(value);
}

std::string_view keep(lua_State* raw, Arena& arena, std::string_view bytes) {
  if (bytes.empty()) {
    return "";
  }
  LuaState& state = LuaState::of(raw);
  if (bytes.size() > state.may_store) {
    luaL_error(raw, "writes more into one bundle than its memory limit");
  }
  state.may_store -= bytes.size();
  return arena.copy(bytes);
}
}  // namespace

bool is_exactly(lua_State* raw, int index, const Cell& cell) {
  switch (cell.type) {
    case Type::Null:
      return is_null(raw, index);
    case Type::Boolean:
      return lua_isboolean(raw, index) && (lua_toboolean(raw, index) != 0) == cell.is_truth();
    case Type::Integer:
    case Type::Unsigned:
    case Type::Time:
      return lua_isinteger(raw, index) != 0 && lua_tointeger(raw, index) == cell.integer;
    case Type::Real:
      return lua_type(raw, index) == LUA_TNUMBER && lua_isinteger(raw, index) == 0 &&
             std::bit_cast<uint64_t>(lua_tonumber(raw, index)) == cell.bits;
    case Type::Text:
    case Type::Bytes:
      return lua_type(raw, index) == LUA_TSTRING && text_of(raw, index) == cell.bytes();
    case Type::Address: {
      char text[48];
      std::string_view form(text, static_cast<size_t>(put_address(text, cell.bytes()) - text));
      return lua_type(raw, index) == LUA_TSTRING && text_of(raw, index) == form;
    }
    default:
      return false;
  }
}

Cell make_leaf(lua_State* raw, int index, const Cell* old) {
  if (old != nullptr && is_exactly(raw, index, *old)) {
    return *old;
  }
  switch (lua_type(raw, index)) {
    case LUA_TBOOLEAN:
      return Cell::of_boolean(lua_toboolean(raw, index) != 0);
    case LUA_TNUMBER:
      return lua_isinteger(raw, index) != 0 ? integer_leaf(lua_tointeger(raw, index), old)
                                            : Cell::of_real(lua_tonumber(raw, index));
    case LUA_TSTRING:
      return text_leaf(text_of(raw, index), old);
    default:
      if (!is_null(raw, index)) {
        luaL_error(raw, "a %s cannot be kept in a record", luaL_typename(raw, index));
      }
      return Cell::of_null();
  }
}

Cell make_cell(lua_State* raw, int index, const Cell* old, Arena& arena) {
  bool was_object = old != nullptr && old->type == Type::Object;
  if (lua_istable(raw, index) || was_object) {
    LuaState& state = LuaState::of(raw);
    state.bytes.clear();
    std::string_view before = was_object ? object_bytes(*old, state.object) : std::string_view();
    write_object(raw, index, before);
    std::string_view bytes(state.bytes.data(), state.bytes.size());
    if (was_object && bytes == before) {
      return *old;
    }
    if (lua_istable(raw, index)) {
      return Cell::of_slice(Type::Object, keep(raw, arena, bytes));
    }
    old = nullptr;
  }
  Cell cell = make_leaf(raw, index, old);
  if (!cell.is_slice() || (old != nullptr && old->is_slice() && cell.data == old->data)) {
    return cell;
  }
  bool is_number = cell.is_number;
  cell = Cell::of_slice(cell.type, keep(raw, arena, cell.bytes()));
  cell.is_number = is_number;
  return cell;
}

}  // namespace stook
