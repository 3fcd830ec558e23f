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
  bool shows =
      std::any_of(shown_.begin(), shown_.end(), [this](const Shown& one) { return shown_cell(one, row()) != nullptr; });
  if (shows && is_empty(raw, record)) {
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

void CallDriver::read_record(lua_State* raw, int index) {
  size_t found = 0;
  Arena& arena = batch_->bundle().arena();
  for (size_t i = 0; i < shown_.size(); i++) {
    const Cell* cell = shown_cell(shown_[i], row());
    if (cell == nullptr) {
      continue;
    }
    lua_pushvalue(raw, name_at(i));
    if (lua_rawget(raw, index) == LUA_TNIL) {
      changes_.push_back({shown_[i].id, true, {}});
    } else {
      found++;
      if (!is_exactly(raw, -1, *cell)) {
        Cell now = make_cell(raw, lua_gettop(raw), cell, arena);
        changes_.push_back({shown_[i].id, false, now});
      }
    }
    lua_pop(raw, 1);
  }
  size_t count = 0;
  lua_pushnil(raw);
  while (lua_next(raw, index) != 0) {
    lua_pop(raw, 1);
    count++;
  }
  if (count != found) {
    read_new_keys(raw, index);
  }
  if (is_time_new_) {
    KeyId id = batch_->keys().intern(ways_.time_key);
    if (id != no_key) {
      changes_.push_back({id, false, Cell::of_time(time_)});
    }
  }
}

// The keys that the row did not have, or that it had and did not show.
void CallDriver::read_new_keys(lua_State* raw, int index) {
  lua_createtable(raw, 0, 0);
  int list = lua_gettop(raw);
  lua_Integer count = 0;
  lua_pushnil(raw);
  while (lua_next(raw, index) != 0) {
    lua_pop(raw, 1);
    if (lua_type(raw, -1) != LUA_TSTRING) {
      luaL_error(raw, "a row's key is a text, not a %s", luaL_typename(raw, -1));
    }
    lua_pushvalue(raw, -1);
    lua_rawseti(raw, list, ++count);
  }
  std::string_view* names = sorted_names(raw, list, count);
  for (lua_Integer i = 0; i < count; i++) {
    KeyId id = names[i].size() > longest_key_name ? no_key : batch_->keys().intern(names[i]);
    if (id == no_key) {
      batch_->meter().keys_lost.add(1);
      continue;
    }
    const Column* column = is_shown_[index_of(id)] ? batch_->read(id) : nullptr;
    const Cell* cell = column == nullptr ? nullptr : column->find(row());
    bool was_shown = cell != nullptr && !(cell->type == Type::Time && id == time_id_) &&
                     !(cell->type == Type::Null && !ways_.shows_null);
    if (!was_shown) {
      lua_pushlstring(raw, names[i].data(), names[i].size());
      lua_rawget(raw, index);
      changes_.push_back({id, false, cell_for_key(raw, lua_gettop(raw), *batch_, id)});
      lua_pop(raw, 1);
    }
  }
  lua_settop(raw, list - 1);
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
