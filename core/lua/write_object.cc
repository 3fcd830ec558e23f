// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Tables to objects. A table knows no order and fewer types than msgpack, so that a table is written
/// along the bytes that it came from: what says the same is copied, what was changed is written in its old place.
/// All functions RAISE.
#include <algorithm>
#include <cstring>
#include <vector>

#include "core/data/object.hh"
#include "core/lua/cells.hh"
#include "core/lua/library.hh"
#include "core/lua/object_keys.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
constexpr const char* too_deep = "nests deeper than 64 levels";

char* room(lua_State* raw, LuaState& state, size_t more) {
  size_t size = state.bytes.size();
  if (size + more > state.heap().limit()) {
    luaL_error(raw, "writes a value larger than its memory limit");
  }
  state.bytes.resize(size + more);
  return state.bytes.data() + size;
}

void commit(LuaState& state, const char* end) {
  state.bytes.resize(static_cast<size_t>(end - state.bytes.data()));
}

void append(lua_State* raw, LuaState& state, std::string_view bytes) {
  std::memcpy(room(raw, state, bytes.size()), bytes.data(), bytes.size());
}

// One item of the old bytes: its head, what it is, and its whole.
struct Old {
  std::string_view all;
  std::string_view head;
  Item item = Item::End;
  uint32_t size = 0;
  Cell cell{};
};

Old look_at(std::string_view bytes) {
  Old old;
  ObjectReader reader(bytes);
  old.item = bytes.empty() ? Item::End : reader.next(old.cell, old.size);
  old.all = bytes;
  old.head = bytes.substr(0, bytes.size() - reader.left());
  return old;
}

struct Writer {
  lua_State* raw;
  LuaState& state;

  void value(int index, std::string_view old_bytes, int depth);

 private:
  void head(bool is_map, uint32_t size, const Old& old);
  void array(int index, const Old& old, int depth);
  void map(int index, const Old& old, int depth);
  uint32_t old_pairs(int index, int seen, const Old& old, bool is_writing, int depth);
  void note_place(int seen, uint32_t place, bool is_hidden);
  void new_pairs(int index, int seen, int depth);
  bool is_array(int index);
};

void Writer::head(bool is_map, uint32_t size, const Old& old) {
  if (old.item == (is_map ? Item::Map : Item::Array) && old.size == size) {
    append(raw, state, old.head);
    return;
  }
  char* to = room(raw, state, 9);
  commit(state, is_map ? put_map_head(to, size) : put_array_head(to, size));
}

// An unmarked table is an array when its keys are 1 to n, and n > 0.
bool Writer::is_array(int index) {
  TableMark mark = mark_of(raw, index);
  if (mark == TableMark::Map) {
    return false;
  }
  lua_Unsigned length = lua_rawlen(raw, index);
  lua_Unsigned count = 0;
  lua_pushnil(raw);
  while (lua_next(raw, index) != 0) {
    count++;
    bool is_position = lua_isinteger(raw, -2) != 0 && lua_tointeger(raw, -2) > 0 &&
                       static_cast<lua_Unsigned>(lua_tointeger(raw, -2)) <= length;
    lua_pop(raw, 1);
    if (!is_position || count > length) {
      lua_pop(raw, 1);
      if (mark == TableMark::Array) {
        luaL_error(raw, "an array has a key that is no position");
      }
      return false;
    }
  }
  return count == length && (length > 0 || mark == TableMark::Array);
}

void Writer::array(int index, const Old& old, int depth) {
  uint32_t size = static_cast<uint32_t>(lua_rawlen(raw, index));
  head(false, size, old);
  ObjectReader reader(old.all.substr(old.head.size()));
  uint32_t old_size = old.item == Item::Array ? old.size : 0;
  for (uint32_t i = 0; i < size; i++) {
    std::string_view before = i < old_size ? reader.skip() : std::string_view();
    lua_rawgeti(raw, index, static_cast<lua_Integer>(i) + 1);
    value(lua_gettop(raw), before, depth + 1);
    lua_pop(raw, 1);
  }
}

// Takes the key at the top, and remembers where it stands. A null that is hidden counts only where nothing else of its
// key does.
void Writer::note_place(int seen, uint32_t place, bool is_hidden) {
  if (is_hidden) {
    lua_pushvalue(raw, -1);
    bool is_there = lua_rawget(raw, seen) != LUA_TNIL;
    lua_pop(raw, 1);
    if (is_there) {
      lua_pop(raw, 1);
      return;
    }
  }
  lua_pushinteger(raw, place);
  lua_rawset(raw, seen);
}

// Walks the pairs that were there before, and counts or writes those that still are. `seen` is a table: at the first
// walk it learns for each key the last place at which it stands, for of equal keys only the last one shows in Lua.
uint32_t Writer::old_pairs(int index, int seen, const Old& old, bool is_writing, int depth) {
  std::string_view left = old.all.substr(old.head.size());
  uint32_t count = 0;
  for (uint32_t i = 0; i < old.size; i++) {
    ObjectReader reader(left);
    std::string_view key_bytes = reader.skip();
    std::string_view value_bytes = reader.skip();
    left = left.substr(left.size() - reader.left());
    Old key = look_at(key_bytes);
    if (key.item != Item::Value || !is_object_key(key.cell)) {
      luaL_error(raw, "an object's key is neither text nor number");
    }
    bool is_hidden = state.hides_null && value_bytes == "\xc0";
    push_cell(raw, key.cell);
    lua_pushvalue(raw, -1);
    if (lua_rawget(raw, index) == LUA_TNIL) {
      lua_pop(raw, 2);
      if (is_hidden) {
        count++;
        if (is_writing) {
          append(raw, state, key_bytes);
          append(raw, state, value_bytes);
        }
      }
      continue;
    }
    count++;
    if (!is_writing) {
      lua_pop(raw, 1);
      note_place(seen, i, is_hidden);
      continue;
    }
    append(raw, state, key_bytes);
    lua_insert(raw, -2);
    lua_rawget(raw, seen);
    bool is_last = lua_tointeger(raw, -1) == static_cast<lua_Integer>(i);
    lua_pop(raw, 1);
    if (is_last) {
      value(lua_gettop(raw), value_bytes, depth + 1);
    } else {
      append(raw, state, value_bytes);
    }
    lua_pop(raw, 1);
  }
  return count;
}

// Writes the pairs whose keys are not in `seen`, sorted by key, so that equal tables give equal bytes.
void Writer::new_pairs(int index, int seen, int depth) {
  lua_createtable(raw, 0, 0);  // the new keys, in a table so that nothing leaks when an error leaves this function
  int keys = lua_gettop(raw);
  lua_Integer count = 0;
  lua_pushnil(raw);
  while (lua_next(raw, index) != 0) {
    lua_pop(raw, 1);
    lua_pushvalue(raw, -1);
    if (lua_rawget(raw, seen) == LUA_TNIL) {
      lua_pushvalue(raw, -2);
      lua_rawseti(raw, keys, ++count);
    }
    lua_pop(raw, 1);
  }
  size_t bytes = static_cast<size_t>(count) * sizeof(NewKey);
  NewKey* sorted = static_cast<NewKey*>(lua_newuserdatauv(raw, bytes + sizeof(NewKey), 0));
  for (lua_Integer i = 0; i < count; i++) {
    lua_rawgeti(raw, keys, i + 1);
    sorted[i] = key_at(raw, -1);
    lua_pop(raw, 1);
  }
  std::sort(sorted, sorted + count, is_before);
  for (lua_Integer i = 0; i < count; i++) {
    push_key(raw, sorted[i]);
    value(lua_gettop(raw), {}, depth + 1);
    lua_rawget(raw, index);
    value(lua_gettop(raw), {}, depth + 1);
    lua_pop(raw, 1);
  }
  lua_pop(raw, 2);
}

void Writer::map(int index, const Old& old, int depth) {
  lua_createtable(raw, 0, 0);
  int seen = lua_gettop(raw);
  bool was_map = old.item == Item::Map;
  uint32_t count = was_map ? old_pairs(index, seen, old, false, depth) : 0;
  lua_pushnil(raw);
  while (lua_next(raw, index) != 0) {
    lua_pop(raw, 1);
    lua_pushvalue(raw, -1);
    count += lua_rawget(raw, seen) == LUA_TNIL ? 1 : 0;
    lua_pop(raw, 1);
  }
  head(true, count, old);
  if (was_map) {
    old_pairs(index, seen, old, true, depth);
  }
  new_pairs(index, seen, depth);
  lua_pop(raw, 1);
}

void Writer::value(int index, std::string_view old_bytes, int depth) {
  luaL_checkstack(raw, 12, too_deep);
  state.check_budget(raw);
  Old old = look_at(old_bytes);
  if (lua_istable(raw, index)) {
    if (depth > max_object_depth) {
      luaL_error(raw, too_deep);
    }
    if (is_array(index)) {
      array(index, old, depth);
    } else {
      map(index, old, depth);
    }
    return;
  }
  if (old.item == Item::Value && is_exactly(raw, index, old.cell)) {
    append(raw, state, old_bytes);
    return;
  }
  Cell cell = make_leaf(raw, index, old.item == Item::Value ? &old.cell : nullptr);
  char* to = room(raw, state, cell_room(cell));
  commit(state, put_cell(to, cell));
}
}  // namespace

void write_object(lua_State* raw, int index, std::string_view old) {
  Writer writer{raw, LuaState::of(raw)};
  writer.value(lua_absindex(raw, index), old, 1);
}

}  // namespace stook
