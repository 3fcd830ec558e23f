// SPDX-License-Identifier: Apache-2.0
#include "core/lua/batch_form.hh"

#include <stdexcept>
#include <utility>

#include "core/lua/cells.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
const char batch_place = 0;  // registry key of b
}  // namespace

BatchDriver::BatchDriver(std::unique_ptr<LuaState> state, const Manifest& manifest, bool retries)
    : Driver(std::move(state), loop), remove_names_(manifest.removes), retries_(retries) {
  for (const Read& read : manifest.reads) {
    reads_.push_back({read.type, read.is_optional});
  }
  for (const Key& key : manifest.writes) {
    puts_.push_back({key.type, no_key, false, Column(Column::max_rows)});
  }
  rows_.reserve(Column::max_rows);
  if (!state_->call(open, this) || !state_->call(RecordView::make, &view_)) {
    throw std::invalid_argument(state_->script() + ": " + state_->error());
  }
}

void BatchDriver::begin() {
  is_single_ = false;
  for (size_t i = 0; i < reads_.size(); i++) {
    reads_[i].column = batch_->read(batch_->in(i));
  }
  for (size_t j = 0; j < puts_.size(); j++) {
    puts_[j].id = batch_->out(j);
  }
  removes_.clear();
  for (const std::string& name : remove_names_) {
    KeyId id = batch_->keys().find(name);
    if (batch_->read(id) != nullptr) {
      removes_.push_back(id);
    }
  }
  view_.begin(*batch_);
}

// The call at hand handles the rows up to this one.
size_t BatchDriver::stop_at() const {
  return is_single_ ? at_ + 1 : batch_->rows().size();
}

bool BatchDriver::sees(Row row) const {
  for (const TypedRead& read : reads_) {
    if (read.is_optional) {
      continue;
    }
    const Cell* cell = read.column == nullptr ? nullptr : read.column->find(row);
    if (cell != nullptr && !is_of(read.type, cell->type)) {
      batch_->meter().type_faults.add(1);
      return false;
    }
    if (cell == nullptr) {
      return false;
    }
  }
  return true;
}

void BatchDriver::find_rows() {
  rows_.clear();
  for (size_t i = at_; i < stop_at(); i++) {
    Row row = batch_->rows()[i];
    if (sees(row)) {
      rows_.push_back(row);
    }
  }
}

void BatchDriver::undo() {
  view_.undo();
}

// The rows of a bundle fail together, unless each of them can be tried by itself.
void BatchDriver::fail() {
  if (retries_ && !is_single_ && stop_at() - at_ > 1 && !state_->watch().is_over()) {
    is_single_ = true;
    return;
  }
  tell(stop_at() - at_ == 1 ? static_cast<int>(row()) : -1);
  for (size_t end = stop_at(); at_ < end; at_++) {
    faulted_.set(row());
  }
}

Row BatchDriver::made_at() const {
  return has_row() ? batch_->rows()[stop_at() - 1] : behind_all;
}

// The call at hand is done: stores what it put.
void BatchDriver::store() {
  for (Put& one : puts_) {
    if (!one.is_set) {
      continue;
    }
    Column& column = batch_->bundle().writable(one.id);
    for (Row row : rows_) {
      if (one.cells.has(row) && !drops_now_[row]) {
        column.set(row, one.cells[row]);
      }
    }
  }
  for (KeyId id : removes_) {
    Column& column = batch_->bundle().writable(id);
    for (Row row : rows_) {
      column.clear(row);
    }
  }
  if (drops_now_.any()) {
    for (Row row : rows_) {
      if (drops_now_[row]) {
        drop(row);
      }
    }
  }
}

// Everything below RAISES.

int BatchDriver::open(lua_State* raw) {
  void* self = lua_touserdata(raw, 1);
  lua_createtable(raw, 0, 6);
  const luaL_Reg functions[] = {{"column", column}, {"put", put}, {"keep", keep}, {"drop", drop_at}, {"row", row_at}};
  for (const luaL_Reg& function : functions) {
    lua_pushlightuserdata(raw, self);
    lua_pushcclosure(raw, function.func, 1);
    lua_setfield(raw, -2, function.name);
  }
  lua_rawsetp(raw, LUA_REGISTRYINDEX, &batch_place);
  return 0;
}

// The driver, when there is a batch.
BatchDriver& BatchDriver::of(lua_State* raw) {
  auto& self = *static_cast<BatchDriver*>(lua_touserdata(raw, lua_upvalueindex(1)));
  if (self.batch_ == nullptr || !self.has_row()) {
    luaL_error(raw, "a batch is used outside its call");
  }
  return self;
}

// The argument, a number from 1 to `count`, as one from 0 on.
size_t BatchDriver::number_at(lua_State* raw, int index, size_t count, const char* otherwise) {
  lua_Integer number = luaL_checkinteger(raw, index);
  luaL_argcheck(raw, number >= 1 && static_cast<size_t>(number) <= count, index, otherwise);
  return static_cast<size_t>(number) - 1;
}

Row BatchDriver::seen_row(lua_State* raw, int index) const {
  return rows_[number_at(raw, index, rows_.size(), "there is no such row")];
}

Row BatchDriver::held_at(lua_State* raw, int index) const {
  if (!has_row()) {
    luaL_error(raw, "hold is called where there is no row");
  }
  return seen_row(raw, index);
}

bool BatchDriver::is_view(lua_State* raw, int index, Row& row) const {
  row = view_.row();
  return RecordView::is_view(raw, index) && has_row();
}

// b:column(i, into): the values of the i-th read, one for each row.
int BatchDriver::column(lua_State* raw) {
  BatchDriver& self = of(raw);
  TypedRead& read = self.reads_[number_at(raw, 2, self.reads_.size(), "there is no such read")];
  lua_settop(raw, 3);
  if (lua_isnil(raw, 3)) {
    lua_createtable(raw, static_cast<int>(self.rows_.size()), 0);
    lua_replace(raw, 3);
  }
  luaL_checktype(raw, 3, LUA_TTABLE);
  read.forget();
  for (int i = 0; i < TypedRead::memos; i++) {  // from 4 on: its texts
    lua_pushnil(raw);
  }
  lua_Integer at = 0;
  for (Row row : self.rows_) {
    const Cell* cell = read.column == nullptr ? nullptr : read.column->find(row);
    if (cell != nullptr && !is_of(read.type, cell->type)) {
      self.batch_->meter().type_faults.add(1);
      cell = nullptr;
    }
    if (cell == nullptr) {
      lua_pushnil(raw);
    } else {
      push_typed(raw, read, 4, *cell);
    }
    lua_rawseti(raw, 3, ++at);
  }
  lua_settop(raw, 3);
  return 1;
}

// b:put(j, from): the values of the j-th write, one for each row, where nil leaves a row as it is; or one value for all.
int BatchDriver::put(lua_State* raw) {
  BatchDriver& self = of(raw);
  Put& one = self.puts_[number_at(raw, 2, self.puts_.size(), "there is no such write")];
  luaL_argcheck(raw, !lua_isnoneornil(raw, 3), 3, "it would be a table of values, or one value for all rows");
  if (one.id == no_key) {
    return 0;
  }
  lua_settop(raw, 3);
  bool is_for_all = !lua_istable(raw, 3);
  const Column* before = self.batch_->bundle().column(one.id);
  one.cells.clear_all();
  one.is_set = true;
  int type = lua_type(raw, 3);
  lua_Integer at = 0;
  TakenText taken;  // the table, or the stack, keeps it alive
  for (Row row : self.rows_) {
    at++;
    type = is_for_all ? type : lua_rawgeti(raw, 3, at);
    const Cell* old = before == nullptr ? nullptr : before->find(row);
    const void* string = type == LUA_TSTRING && old == nullptr ? lua_topointer(raw, -1) : nullptr;
    if (string != nullptr && string == taken.string) {
      one.cells.set(row, taken.cell);
    } else if (type != LUA_TNIL) {
      taken.cell = take_typed(raw, is_for_all ? 3 : 4, one.type, "value", static_cast<size_t>(at), old,
                              self.batch_->bundle().arena());
      taken.string = string;
      one.cells.set(row, taken.cell);
    }
    lua_settop(raw, 3);
  }
  return 0;
}

// b:keep(which): rows for which the table has neither true nor another value are dropped.
int BatchDriver::keep(lua_State* raw) {
  BatchDriver& self = of(raw);
  luaL_checktype(raw, 2, LUA_TTABLE);
  lua_Integer at = 0;
  for (Row row : self.rows_) {
    lua_rawgeti(raw, 2, ++at);
    self.drops_now_.set(row, self.drops_now_[row] || lua_toboolean(raw, -1) == 0);
    lua_pop(raw, 1);
  }
  return 0;
}

// b:drop(i): the i-th row is dropped.
int BatchDriver::drop_at(lua_State* raw) {
  BatchDriver& self = of(raw);
  self.drops_now_.set(self.seen_row(raw, 2));
  return 0;
}

// b:row(i): the record, looking at the i-th row.
int BatchDriver::row_at(lua_State* raw) {
  BatchDriver& self = of(raw);
  self.view_.look_at(self.seen_row(raw, 2));
  RecordView::push(raw);
  return 1;
}

int BatchDriver::loop(lua_State* raw) {
  BatchDriver& self = *static_cast<BatchDriver*>(lua_touserdata(raw, 1));
  lua_getfield(raw, LUA_REGISTRYINDEX, Script::function_key);
  lua_rawgetp(raw, LUA_REGISTRYINDEX, &batch_place);
  while (self.has_row()) {
    self.find_rows();
    self.drops_now_.reset();
    for (Put& one : self.puts_) {
      one.is_set = false;
    }
    self.view_.forget_changes();
    self.view_.open();
    if (!self.rows_.empty()) {
      lua_pushinteger(raw, static_cast<lua_Integer>(self.rows_.size()));
      lua_setfield(raw, 3, "n");
      self.state_->watch().next_row();
      lua_pushvalue(raw, 2);
      lua_pushvalue(raw, 3);
      lua_call(raw, 1, 0);
      self.store();
    }
    self.view_.close();
    for (size_t end = self.stop_at(); self.at_ < end;) {
      self.next_row();
    }
    lua_settop(raw, 3);
  }
  return 0;
}

}  // namespace stook
