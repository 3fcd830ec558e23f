// SPDX-License-Identifier: Apache-2.0
#include "core/lua/verbs.hh"

#include <algorithm>
#include <string_view>

#include "core/lua/cells.hh"
#include "core/lua/driver.hh"
#include "core/lua/handles.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
// Takes so many bytes of what the script may still store in this bundle.
void charge(lua_State* raw, size_t bytes) {
  LuaState& state = LuaState::of(raw);
  if (bytes > state.may_store) {
    luaL_error(raw, "writes more into one bundle than its memory limit");
  }
  state.may_store -= bytes;
}

Driver& driver_of(lua_State* raw) {
  Driver* driver = LuaState::of(raw).driver;
  if (driver == nullptr) {
    luaL_error(raw, "rows are there only while a row or a tick is handled");
  }
  return *driver;
}

std::string_view name_at(lua_State* raw, int index) {
  if (lua_type(raw, index) != LUA_TSTRING) {
    luaL_error(raw, "a row's key is a text, not a %s", luaL_typename(raw, index));
  }
  size_t size = 0;
  const char* name = lua_tolstring(raw, index, &size);
  return {name, size};
}

// The bytes of a held row are gone when the bundle is still there.
Cell copied(lua_State* raw, Batch& batch, Cell cell) {
  if (cell.is_slice()) {
    charge(raw, cell.size);
    cell.data = cell.size == 0 ? "" : batch.arena().copy(cell.bytes()).data();
  }
  return cell;
}

Cell changed_cell(lua_State* raw, int index, Batch& batch, KeyId id, std::string_view name, const HeldRow* held) {
  const HeldRow::HeldCell* before = held == nullptr ? nullptr : held->find(name);
  if (before == nullptr) {
    return cell_for_key(raw, index, batch, id);
  }
  Cell old = held->value_of(*before);
  Cell cell = make_cell(raw, index, &old, batch.arena());
  return cell.is_slice() && cell.data == old.data ? copied(raw, batch, cell) : cell;
}
}  // namespace

std::string_view* sorted_names(lua_State* raw, int index, lua_Integer count) {
  size_t bytes = static_cast<size_t>(count) * sizeof(std::string_view);
  auto* names = static_cast<std::string_view*>(lua_newuserdatauv(raw, bytes, 0));
  for (lua_Integer i = 0; i < count; i++) {
    lua_rawgeti(raw, index, i + 1);
    names[i] = name_at(raw, -1);
    lua_pop(raw, 1);
  }
  std::sort(names, names + count);
  return names;
}

Cell cell_for_key(lua_State* raw, int index, Batch& batch, KeyId id) {
  Type type = batch.keys().is_planned(id) ? batch.keys().schema().key(id).type : Type::Mixed;
  Cell hint = Cell::of_slice(type, "");
  switch (type) {
    case Type::Real:
      if (lua_type(raw, index) == LUA_TNUMBER) {
        return Cell::of_real(lua_tonumber(raw, index));
      }
      return make_cell(raw, index, nullptr, batch.arena());
    case Type::Time:
    case Type::Unsigned:
      hint = Cell::of_word(type, 0);
      return make_cell(raw, index, &hint, batch.arena());
    case Type::Bytes:
    case Type::Address:
      return make_cell(raw, index, &hint, batch.arena());
    default:
      return make_cell(raw, index, nullptr, batch.arena());
  }
}

void RowVerbs::begin_row(Driver& driver) {
  driver.made_.begin_row();
}

void RowVerbs::add_cell(lua_State* raw, Driver& driver, KeyId id, const Cell& cell) {
  charge(raw, sizeof cell + sizeof id);
  driver.made_.add(id, cell);
}

void RowVerbs::end_row(lua_State* raw, Driver& driver) {
  charge(raw, 2 * sizeof(Cell));
  driver.is_making_ = true;
  driver.made_.end_row(driver.made_at());
}

void RowVerbs::add_table(lua_State* raw, Driver& driver, int index, const HeldRow* held) {
  Batch& batch = *driver.batch_;
  OpenKeys& keys = batch.keys();
  lua_createtable(raw, 0, 0);  // the new names, in a table so that nothing leaks when an error leaves this function
  int fresh = lua_gettop(raw);
  lua_Integer count = 0;
  lua_pushnil(raw);
  while (lua_next(raw, index) != 0) {
    std::string_view name = name_at(raw, -2);
    KeyId id = keys.find(name);
    if (id == no_key && !is_removed_mark(raw, -1)) {
      lua_pushvalue(raw, -2);
      lua_rawseti(raw, fresh, ++count);
    } else if (id != no_key && !is_removed_mark(raw, -1)) {
      add_cell(raw, driver, id, changed_cell(raw, lua_gettop(raw), batch, id, name, held));
    }
    lua_pop(raw, 1);
  }
  if (count > 0) {  // COLD: new to the route
    std::string_view* names = sorted_names(raw, fresh, count);
    for (lua_Integer i = 0; i < count; i++) {
      KeyId id = names[i].size() > longest_key_name ? no_key : keys.intern(names[i]);
      if (id == no_key) {
        batch.meter().keys_lost.add(1);
        continue;
      }
      lua_pushlstring(raw, names[i].data(), names[i].size());
      lua_rawget(raw, index);
      add_cell(raw, driver, id, changed_cell(raw, lua_gettop(raw), batch, id, names[i], held));
      lua_pop(raw, 1);
    }
  }
  lua_settop(raw, fresh - 1);
}

void RowVerbs::add_row(lua_State* raw, Driver& driver, Row row, bool only_meta) {
  OpenKeys& keys = driver.batch_->keys();
  size_t count = only_meta ? keys.schema().size() : keys.size();
  for (size_t i = 0; i < count; i++) {
    auto id = static_cast<KeyId>(i);
    const Column* column = driver.batch_->bundle().column(id);
    if (column != nullptr && column->has(row) && (!only_meta || keys.schema().key(id).is_meta)) {
      add_cell(raw, driver, id, (*column)[row]);
    }
  }
}

// `changes`: where the table with what the script changed is, or 0.
void RowVerbs::add_held(lua_State* raw, Driver& driver, const HeldRow& held, int changes) {
  Batch& batch = *driver.batch_;
  for (const HeldRow::HeldCell& cell : held.cells) {
    std::string_view name = held.name_of(cell);
    if (changes != 0) {
      lua_pushlstring(raw, name.data(), name.size());
      bool is_changed = lua_rawget(raw, changes) != LUA_TNIL;
      lua_pop(raw, 1);
      if (is_changed) {
        continue;
      }
    }
    KeyId id = batch.keys().intern(name);
    if (id == no_key) {
      batch.meter().keys_lost.add(1);
      continue;
    }
    add_cell(raw, driver, id, copied(raw, batch, held.value_of(cell)));
  }
  if (changes != 0) {
    add_table(raw, driver, changes, &held);
  }
}

void RowVerbs::let_go(lua_State* raw, Driver& driver, int handle) {
  HeldRow& held = kept_row(raw, handle);
  int changes = lua_getiuservalue(raw, handle, 1) == LUA_TTABLE ? lua_gettop(raw) : 0;
  begin_row(driver);
  add_held(raw, driver, held, changes);
  end_row(raw, driver);
  driver.held_.let_go(held);
}

int RowVerbs::emit(lua_State* raw) {
  Driver& driver = driver_of(raw);
  lua_settop(raw, 1);
  if (driver.batch_ == nullptr) {
    return luaL_error(raw, "emit is called where there are no rows");
  }
  Row row = 0;
  if (lua_istable(raw, 1)) {
    begin_row(driver);
    add_table(raw, driver, 1, nullptr);
    end_row(raw, driver);
  } else if (is_handle(raw, 1)) {
    let_go(raw, driver, 1);
  } else if (driver.is_view(raw, 1, row)) {
    begin_row(driver);
    add_row(raw, driver, row, false);
    end_row(raw, driver);
  } else {
    return luaL_error(raw, "emit takes a table, a record or a held row, not a %s", luaL_typename(raw, 1));
  }
  return 0;
}

int RowVerbs::hold(lua_State* raw) {
  Driver& driver = driver_of(raw);
  if (driver.batch_ == nullptr) {
    return luaL_error(raw, "hold is called where there is no row");
  }
  Row row = driver.held_at(raw, 1);
  driver.is_making_ = true;
  push_handle(raw, driver.held_, row);
  return 1;
}

int RowVerbs::drop(lua_State* raw) {
  Driver& driver = driver_of(raw);
  HeldRow& held = kept_row(raw, 1);
  driver.is_making_ = true;
  driver.held_.let_go(held);
  return 0;
}

int RowVerbs::let_go_protected(lua_State* raw) {
  auto& held = *static_cast<HeldRow*>(lua_touserdata(raw, 1));
  Driver& driver = driver_of(raw);
  if (find_handle(raw, held)) {
    let_go(raw, driver, lua_gettop(raw));
    return 0;
  }
  begin_row(driver);
  add_held(raw, driver, held, 0);
  end_row(raw, driver);
  driver.held_.let_go(held);
  return 0;
}

void RowVerbs::open(lua_State* raw) {
  open_handles(raw);
  lua_register(raw, "emit", emit);
  lua_register(raw, "hold", hold);
  lua_register(raw, "drop", drop);
}

}  // namespace stook
