// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Objects to tables. All functions RAISE, but for is_object_key.
#include <algorithm>

#include "core/data/object.hh"
#include "core/lua/cells.hh"
#include "core/lua/library.hh"
#include "core/lua/state.hh"

namespace stook {

bool is_object_key(const Cell& cell) {
  return cell.type == Type::Text || cell.type == Type::Bytes || cell.type == Type::Integer ||
         cell.type == Type::Unsigned || cell.type == Type::Boolean ||
         (cell.type == Type::Real && cell.real == cell.real);
}

namespace {
constexpr const char* too_deep = "nests deeper than 64 levels";

void push_item(lua_State* raw, ObjectReader& reader, int depth);

void push_map(lua_State* raw, ObjectReader& reader, uint32_t size, int depth) {
  lua_createtable(raw, 0, static_cast<int>(std::min<uint32_t>(size, 1024)));
  bool has_numbers = false;
  bool hides_null = LuaState::of(raw).hides_null;
  for (uint32_t i = 0; i < size; i++) {
    Cell key;
    uint32_t ignored = 0;
    if (reader.next(key, ignored) != Item::Value || !is_object_key(key)) {
      luaL_error(raw, "an object's key is neither text nor number");
    }
    has_numbers = has_numbers || !key.is_slice();
    push_cell(raw, key);
    push_item(raw, reader, depth + 1);
    if (hides_null && is_null(raw, -1)) {
      lua_pop(raw, 2);
    } else {
      lua_rawset(raw, -3);
    }
  }
  if (has_numbers) {
    mark_map(raw, -1);
  }
}

void push_array(lua_State* raw, ObjectReader& reader, uint32_t size, int depth) {
  lua_createtable(raw, static_cast<int>(std::min<uint32_t>(size, 1024)), 0);
  for (uint32_t i = 0; i < size; i++) {
    push_item(raw, reader, depth + 1);
    lua_rawseti(raw, -2, static_cast<lua_Integer>(i) + 1);
  }
  mark_array(raw, -1);
}

void push_item(lua_State* raw, ObjectReader& reader, int depth) {
  luaL_checkstack(raw, 8, too_deep);
  Cell cell;
  uint32_t size = 0;
  Item item = reader.next(cell, size);
  if (depth > max_object_depth && item != Item::Value) {
    luaL_error(raw, too_deep);
  }
  switch (item) {
    case Item::Value:
      push_cell(raw, cell);
      return;
    case Item::Array:
      push_array(raw, reader, size, depth);
      return;
    case Item::Map:
      push_map(raw, reader, size, depth);
      return;
    default:
      luaL_error(raw, "an object is broken");
  }
}
}  // namespace

void push_object(lua_State* raw, std::string_view bytes) {
  ObjectReader reader(bytes);
  push_item(raw, reader, 1);
}

}  // namespace stook
