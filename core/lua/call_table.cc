// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What a function of fluent-bit's form gave back, as rows. All functions RAISE.
#include <algorithm>
#include <cmath>

#include "core/lua/call_form.hh"
#include "core/lua/cells.hh"
#include "core/lua/handles.hh"
#include "core/lua/library.hh"
#include "core/lua/state.hh"
#include "core/lua/verbs.hh"

namespace stook {

namespace {
bool is_in(const std::vector<std::string>& names, lua_State* raw, int index) {
  if (lua_type(raw, index) != LUA_TSTRING) {
    return false;
  }
  size_t size = 0;
  const char* name = lua_tolstring(raw, index, &size);
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& one) { return one == std::string_view(name, size); });
}

size_t slot_of(const char* address, size_t slots) {
  return (reinterpret_cast<uintptr_t>(address) >> 4) * 0x9E3779B97F4A7C15ull >> 40 & (slots - 1);
}

bool is_empty(lua_State* raw, int index) {
  lua_pushnil(raw);
  if (lua_next(raw, index) == 0) {
    return true;
  }
  lua_pop(raw, 2);
  return false;
}
}  // namespace

// type_int_key and type_array_key, at any depth.
void CallDriver::coerce(lua_State* raw, int index, int depth) {
  luaL_checkstack(raw, 8, "record");
  if (depth > 64) {
    luaL_error(raw, "nests deeper than 64 levels");
  }
  lua_pushnil(raw);
  while (lua_next(raw, index) != 0) {
    int value = lua_gettop(raw);
    if (lua_istable(raw, value)) {
      if (lua_rawlen(raw, value) == 0 && is_in(ways_.arrays, raw, value - 1) && is_empty(raw, value)) {
        mark_array(raw, value);
      }
      coerce(raw, value, depth + 1);
    } else if (lua_type(raw, value) == LUA_TNUMBER && lua_isinteger(raw, value) == 0 &&
               is_in(ways_.integers, raw, value - 1)) {
      double number = lua_tonumber(raw, value);
      if (std::fabs(number) < 0x1p63) {
        lua_pushvalue(raw, value - 1);
        lua_pushinteger(raw, static_cast<lua_Integer>(number));
        lua_rawset(raw, index);
      }
    }
    lua_settop(raw, value - 1);
  }
}

// A table is a record, one with positions is a list of records: the first takes the row, the others stand behind it.
void CallDriver::take_record(lua_State* raw, int index) {
  if (!lua_istable(raw, index)) {
    luaL_error(raw, "it returns a %s for a record", luaL_typename(raw, index));
  }
  if (!ways_.integers.empty() || !ways_.arrays.empty()) {
    coerce(raw, index, 1);
  }
  changes_.clear();
  int record = index;
  lua_Integer count = static_cast<lua_Integer>(lua_rawlen(raw, index));
  if (count > 0) {
    lua_rawgeti(raw, index, 1);
    record = lua_gettop(raw);
  }
  if (!lua_istable(raw, record)) {
    luaL_error(raw, "it returns a list that is not one of records");
  }
  if (shows_ > 0 && is_empty(raw, record)) {
    drop();
  } else {
    read_record(raw, record);
  }
  for (lua_Integer i = 2; i <= count; i++) {
    lua_rawgeti(raw, index, i);
    if (!lua_istable(raw, -1)) {
      luaL_error(raw, "it returns a list that is not one of records");
    }
    if (!is_empty(raw, lua_gettop(raw))) {
      make_further(raw, lua_gettop(raw));
    }
    lua_pop(raw, 1);
  }
  store();
}

void CallDriver::learn_name(const char* address, KeyId id, int shown) {
  if (names_known_ >= name_slots / 2) {
    return;
  }
  size_t slot = slot_of(address, name_slots);
  while (names_[slot].address != nullptr) {
    slot = (slot + 1) & (name_slots - 1);
  }
  names_[slot] = {address, id, shown};
  names_known_++;
}

// The key whose name is at `index`; null: no row of this batch has had it so far.
const CallDriver::Name* CallDriver::find_name(lua_State* raw, int index) {
  if (lua_type(raw, index) != LUA_TSTRING) {
    luaL_error(raw, "a row's key is a text, not a %s", luaL_typename(raw, index));
  }
  size_t size = 0;
  const char* name = lua_tolstring(raw, index, &size);
  for (size_t slot = slot_of(name, name_slots); names_[slot].address != nullptr; slot = (slot + 1) & (name_slots - 1)) {
    if (names_[slot].address == name) {
      return &names_[slot];
    }
  }
  // Long strings are another one each time, and there may be more keys than are known by address.
  KeyId id = batch_->keys().find({name, size});
  for (size_t i = 0; id != no_key && i < shown_.size(); i++) {
    if (shown_[i].id == id) {
      found_ = {name, id, static_cast<int>(i)};
      return &found_;
    }
  }
  return nullptr;
}

// A key that the row has: its value is at the top.
void CallDriver::read_pair(lua_State* raw, Shown& shown) {
  shown.is_back = true;
  bool is_same_text =
      shown.text != nullptr && lua_type(raw, -1) == LUA_TSTRING && lua_tolstring(raw, -1, nullptr) == shown.text;
  if (!is_same_text && !is_exactly(raw, -1, *shown.cell)) {
    Cell now = make_cell(raw, lua_gettop(raw), shown.cell, batch_->bundle().arena());
    changes_.push_back({shown.id, false, now});
  }
}

void CallDriver::read_record(lua_State* raw, int index) {
  size_t back = 0;
  lua_Integer count = 0;
  lua_pushnil(raw);  // the list of new names, once there is one
  int list = lua_gettop(raw);
  lua_pushnil(raw);
  while (lua_next(raw, index) != 0) {
    const Name* name = find_name(raw, -2);
    Shown* shown = name != nullptr && name->shown >= 0 ? &shown_[static_cast<size_t>(name->shown)] : nullptr;
    if (shown != nullptr && shown->cell != nullptr) {
      read_pair(raw, *shown);
      back++;
    } else if (name != nullptr) {
      Cell cell = cell_for_key(raw, lua_gettop(raw), *batch_, name->id);
      changes_.push_back({name->id, false, cell});
    } else {
      if (count == 0) {
        lua_createtable(raw, 1, 0);
        lua_replace(raw, list);
      }
      lua_pushvalue(raw, -2);
      lua_rawseti(raw, list, ++count);
    }
    lua_pop(raw, 1);
  }
  for (size_t i = 0; back < shows_ && i < shown_.size(); i++) {
    if (shown_[i].cell != nullptr && !shown_[i].is_back) {
      changes_.push_back({shown_[i].id, true, {}});
    }
  }
  if (count > 0) {
    read_new_keys(raw, index, list, count);
  }
  lua_settop(raw, list - 1);
  if (is_time_new_) {
    KeyId id = batch_->keys().intern(ways_.time_key);
    if (id != no_key) {
      changes_.push_back({id, false, Cell::of_time(time_)});
    }
  }
}

// COLD: keys that no row of this batch has had so far. Their names are kept alive until the batch is done.
void CallDriver::read_new_keys(lua_State* raw, int index, int list, lua_Integer count) {
  lua_getfield(raw, LUA_REGISTRYINDEX, names_key);
  int kept = lua_gettop(raw);
  std::string_view* names = sorted_names(raw, list, count);
  for (lua_Integer i = 0; i < count; i++) {
    KeyId id = names[i].size() > longest_key_name ? no_key : batch_->keys().intern(names[i]);
    if (id == no_key) {
      batch_->meter().keys_lost.add(1);
      continue;
    }
    const char* name = lua_pushlstring(raw, names[i].data(), names[i].size());
    if (names[i].size() <= longest_interned) {
      lua_pushvalue(raw, -1);
      lua_rawseti(raw, kept, static_cast<lua_Integer>(lua_rawlen(raw, kept)) + 1);
      learn_name(name, id, -1);
    }
    lua_rawget(raw, index);
    Cell cell = cell_for_key(raw, lua_gettop(raw), *batch_, id);
    changes_.push_back({id, false, cell});
    lua_pop(raw, 1);
  }
}

// One more record of a list: with the row's time, and the keys about it.
void CallDriver::make_further(lua_State* raw, int index) {
  RowVerbs::begin_row(*this);
  RowVerbs::add_row(raw, *this, row(), true);
  if (has_time_ || is_time_new_) {
    KeyId id = batch_->keys().intern(ways_.time_key);
    if (id != no_key) {
      RowVerbs::add_cell(raw, *this, id, Cell::of_time(time_));
    }
  }
  RowVerbs::add_table(raw, *this, index, nullptr);
  RowVerbs::end_row(raw, *this);
}

}  // namespace stook
