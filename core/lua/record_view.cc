// SPDX-License-Identifier: Apache-2.0
#include "core/lua/record_view.hh"

#include <algorithm>
#include <new>
#include <utility>

#include "core/lua/cells.hh"
#include "core/lua/handles.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
constexpr size_t longest_interned = 40;  // LUAI_MAXSHORTLEN

// Registry keys.
const char record_place = 0;
// Upvalues of the functions of rec's metatable: the pinned strings by slot, the names by key.
constexpr int pins_upvalue = 1;
constexpr int names_upvalue = 2;

bool is_same(const Cell& a, const Cell& b) {
  return a.bits == b.bits && a.size == b.size && a.type == b.type && a.is_number == b.is_number &&
         a.is_json == b.is_json;
}
}  // namespace

void RecordView::begin(Batch& batch) {
  batch_ = &batch;
  OpenKeys& keys = batch_->keys();
  size_t capacity = keys.capacity();
  if (logged_.size() < capacity) {  // COLD: the first batch of a route
    logged_.assign(capacity, 0);
    undo_.reserve(capacity);
    serial_ = 0;
  }
  if (is_named_.size() < capacity) {
    is_named_.assign(capacity, false);
  }
  if (stamp_ != keys.stamp()) {
    forget_names();
    stamp_ = keys.stamp();
  }
  undo_.clear();
}

void RecordView::forget_names() {
  for (size_t slot = 0; slot < size_t{1} << bits_; slot++) {
    cache_[slot].id = no_key;
    cache_[slot].known = SIZE_MAX;
  }
  std::fill(is_named_.begin(), is_named_.end(), false);
}

void RecordView::look_at(Row row) {
  row_ = row;
  if (++serial_ == 0) {
    std::fill(logged_.begin(), logged_.end(), 0);
    serial_ = 1;
  }
}

void RecordView::undo() {
  is_open_ = false;
  while (!undo_.empty()) {
    const Undo& last = undo_.back();
    Column& column = batch_->bundle().writable(last.id);
    if (last.was_present) {
      column.set(last.row, last.cell);
    } else {
      column.clear(last.row);
    }
    undo_.pop_back();
  }
}

void RecordView::remember(KeyId id, const Cell* cell) {
  uint32_t& logged = logged_[index_of(id)];
  if (logged != serial_) {
    logged = serial_;
    undo_.push_back({id, row_, cell != nullptr, cell != nullptr ? *cell : Cell{}});
  }
}

// Everything below RAISES.

int RecordView::make(lua_State* raw) {
  LuaState::of(raw).view = static_cast<RecordView*>(lua_touserdata(raw, 1));
  lua_newuserdatauv(raw, 0, 0);
  lua_createtable(raw, 0, 6);
  lua_createtable(raw, 1 << fewest_bits, 0);  // pins
  lua_createtable(raw, 64, 0);                // names
  const luaL_Reg functions[] = {{"__index", index}, {"__newindex", new_index}, {"__pairs", pairs}};
  for (const luaL_Reg& function : functions) {
    lua_pushvalue(raw, 4);
    lua_pushvalue(raw, 5);
    lua_pushcclosure(raw, function.func, 2);
    lua_setfield(raw, 3, function.name);
  }
  lua_settop(raw, 3);
  lua_pushliteral(raw, "record");
  lua_setfield(raw, 3, "__name");
  lua_pushboolean(raw, 0);
  lua_setfield(raw, 3, "__metatable");
  lua_setmetatable(raw, 2);
  lua_rawsetp(raw, LUA_REGISTRYINDEX, &record_place);
  return 0;
}

void RecordView::push(lua_State* raw) {
  lua_rawgetp(raw, LUA_REGISTRYINDEX, &record_place);
}

bool RecordView::is_view(lua_State* raw, int index) {
  if (lua_type(raw, index) != LUA_TUSERDATA) {
    return false;
  }
  lua_rawgetp(raw, LUA_REGISTRYINDEX, &record_place);
  bool is_one = lua_rawequal(raw, index, -1) != 0;
  lua_pop(raw, 1);
  return is_one;
}

// The view, when there is a row to look at.
RecordView& RecordView::of(lua_State* raw) {
  RecordView& self = *LuaState::of(raw).view;  // found without a call into Lua: this is done for each access
  if (!self.is_open_) {
    luaL_error(raw, "the record is used outside its row");
  }
  return self;
}

// The key of the name at `index`, made when asked to; no_key: there is none.
KeyId RecordView::key(lua_State* raw, int index, bool makes) {
  size_t size = 0;
  const char* name = lua_tolstring(raw, index, &size);
  if (size > longest_interned) {
    if (size > longest_key_name) {
      return no_key;
    }
    return makes ? batch_->keys().intern({name, size}) : batch_->keys().find({name, size});
  }
  Entry* cache = cache_.get();
  for (size_t slot = slot_of(name);; slot = behind(slot)) {
    Entry& entry = cache[slot];
    if (entry.name == name) {
      if (entry.id != no_key || (!makes && entry.known == batch_->keys().size())) {
        return entry.id;
      }
      return learn(raw, index, &entry, makes);
    }
    if (entry.name == nullptr) {
      return learn(raw, index, nullptr, makes);
    }
  }
}

// COLD: many names, or such as come and go: the pins are overwritten in time.
void RecordView::begin_again() {
  used_ = 0;
  Entry* more = bits_ < most_bits ? new (std::nothrow) Entry[size_t{2} << bits_]() : nullptr;
  if (more != nullptr) {
    cache_.reset(more);
    bits_++;
    return;
  }
  std::fill_n(cache_.get(), size_t{1} << bits_, Entry{});
}

// COLD: a name for the first time, or one that was not there before.
KeyId RecordView::learn(lua_State* raw, int index, Entry* known, bool makes) {
  OpenKeys& keys = batch_->keys();
  size_t size = 0;
  const char* name = lua_tolstring(raw, index, &size);
  KeyId id = makes ? keys.intern({name, size}) : keys.find({name, size});
  if (known == nullptr) {
    if (used_ >= size_t{1} << (bits_ - 1)) {
      begin_again();
    }
    size_t slot = slot_of(name);
    while (cache_[slot].name != nullptr) {
      slot = behind(slot);
    }
    lua_pushvalue(raw, index);
    lua_rawseti(raw, lua_upvalueindex(pins_upvalue), static_cast<lua_Integer>(slot) + 1);
    known = &cache_[slot];
    known->name = name;
    used_++;
  }
  known->id = id;
  known->known = keys.size();
  return id;
}

int RecordView::index(lua_State* raw) {
  RecordView& self = of(raw);
  if (lua_type(raw, 2) != LUA_TSTRING) {
    return 0;
  }
  KeyId id = self.key(raw, 2, false);
  const Cell* cell = id == no_key ? nullptr : self.cell_of(id);
  if (cell == nullptr) {
    return 0;
  }
  push_cell(raw, *cell);
  return 1;
}

int RecordView::new_index(lua_State* raw) {
  RecordView& self = of(raw);
  if (lua_type(raw, 2) != LUA_TSTRING) {
    return luaL_error(raw, "a record's key is a text, not a %s", luaL_typename(raw, 2));
  }
  bool removes = lua_isnil(raw, 3);
  KeyId id = self.key(raw, 2, !removes);
  if (id == no_key) {
    self.batch_->meter().keys_lost.add(removes ? 0 : 1);
    return 0;
  }
  const Cell* old = self.cell_of(id);
  Bundle& bundle = self.batch_->bundle();
  if (removes) {
    if (old != nullptr) {
      self.remember(id, old);
      bundle.writable(id).clear(self.row_);
    }
    return 0;
  }
  Cell cell = make_cell(raw, 3, old, bundle.arena());
  if (old == nullptr || !is_same(cell, *old)) {
    self.remember(id, old);
    bundle.writable(id).set(self.row_, cell);
  }
  return 0;
}

int RecordView::pairs(lua_State* raw) {
  of(raw);
  for (int i : {pins_upvalue, names_upvalue}) {
    lua_pushvalue(raw, lua_upvalueindex(i));
  }
  lua_pushcclosure(raw, next, 2);
  lua_pushvalue(raw, 1);
  lua_pushnil(raw);
  return 3;
}

void RecordView::push_name(lua_State* raw, KeyId id) {
  lua_Integer place = static_cast<lua_Integer>(index_of(id)) + 1;
  if (is_named_[index_of(id)]) {
    lua_rawgeti(raw, lua_upvalueindex(names_upvalue), place);
    return;
  }
  std::string_view name = batch_->keys().name(id);
  lua_pushlstring(raw, name.data(), name.size());
  lua_pushvalue(raw, -1);
  lua_rawseti(raw, lua_upvalueindex(names_upvalue), place);
  is_named_[index_of(id)] = true;
}

// The key after the one at 2, in the order of their numbers: meta keys are not shown.
int RecordView::next(lua_State* raw) {
  RecordView& self = of(raw);
  OpenKeys& keys = self.batch_->keys();
  size_t i = 0;
  if (!lua_isnil(raw, 2)) {
    KeyId id = lua_type(raw, 2) == LUA_TSTRING ? self.key(raw, 2, false) : no_key;
    if (id == no_key) {
      return luaL_error(raw, "the record has no such key to go on from");
    }
    i = index_of(id) + 1;
  }
  for (; i < keys.size(); i++) {
    KeyId id = static_cast<KeyId>(i);
    const Cell* cell = self.cell_of(id);
    if (cell != nullptr && !(keys.is_planned(id) && keys.schema().key(id).is_meta)) {
      self.push_name(raw, id);
      push_cell(raw, *cell);
      return 2;
    }
  }
  lua_pushnil(raw);
  return 1;
}

}  // namespace stook
