// SPDX-License-Identifier: Apache-2.0
#include "core/lua/positional.hh"

#include <utility>

#include "core/lua/state.hh"

namespace stook {

PositionalDriver::PositionalDriver(std::unique_ptr<LuaState> state, const Manifest& manifest)
    : Driver(std::move(state), loop), remove_names_(manifest.removes) {
  for (const Read& read : manifest.reads) {
    reads_.push_back({read.type, read.is_optional});
  }
  for (const Key& key : manifest.writes) {
    results_.push_back({key.type, no_key, false, {}, {}});
  }
}

void PositionalDriver::begin() {
  for (size_t i = 0; i < reads_.size(); i++) {
    reads_[i].column = batch_->read(batch_->in(i));
    reads_[i].forget();
  }
  for (size_t j = 0; j < results_.size(); j++) {
    results_[j].id = batch_->out(j);
  }
  removes_.clear();
  for (const std::string& name : remove_names_) {
    KeyId id = batch_->keys().find(name);
    if (batch_->read(id) != nullptr) {
      removes_.push_back(id);
    }
  }
}

// Everything below RAISES.

bool PositionalDriver::push_arguments(lua_State* raw, Row row) {
  int memo = 3;
  for (TypedRead& read : reads_) {
    const Cell* cell = read.column == nullptr ? nullptr : read.column->find(row);
    if (cell != nullptr && !is_of(read.type, cell->type)) {
      batch_->meter().type_faults.add(1);
      cell = nullptr;
    }
    if (cell != nullptr) {
      push_typed(raw, read, memo, *cell);
    } else if (read.is_optional) {
      lua_pushnil(raw);
    } else {
      return false;
    }
    memo += TypedRead::memos;
  }
  return true;
}

// The j-th write's value. Behind the memos of the reads stand those of the writes.
Cell PositionalDriver::take(lua_State* raw, int index, size_t j, const Cell* old) {
  Result& what = results_[j];
  Cell cell = take_typed(raw, index, what.type, "result", j + 2, old, batch_->bundle().arena());
  if (old == nullptr && what.type == Type::Text && lua_type(raw, index) == LUA_TSTRING) {
    what.taken = {lua_topointer(raw, index), cell};
    lua_copy(raw, index, static_cast<int>(3 + reads_.size() * TypedRead::memos + j));
  }
  return cell;
}

// The results from stack place `first` on: the word on the row, then the writes.
void PositionalDriver::take_results(lua_State* raw, int first) {
  if (lua_toboolean(raw, first) == 0 && lua_isboolean(raw, first)) {
    drop();
    return;
  }
  Row row = this->row();
  Bundle& bundle = batch_->bundle();
  for (size_t j = 0; j < results_.size(); j++) {
    Result& what = results_[j];
    int index = first + 1 + static_cast<int>(j);
    const Column* column = what.id == no_key ? nullptr : bundle.column(what.id);
    const Cell* old = column == nullptr ? nullptr : column->find(row);
    bool is_same = old == nullptr && what.taken.string != nullptr && lua_topointer(raw, index) == what.taken.string;
    what.is_set = is_same || (what.id != no_key && !lua_isnil(raw, index));
    if (what.is_set) {
      what.cell = is_same ? what.taken.cell : take(raw, index, j, old);
    }
  }
  for (const Result& what : results_) {
    if (what.is_set) {
      bundle.writable(what.id).set(row, what.cell);
    }
  }
  for (KeyId id : removes_) {
    bundle.writable(id).clear(row);
  }
}

int PositionalDriver::loop(lua_State* raw) {
  PositionalDriver& self = *static_cast<PositionalDriver*>(lua_touserdata(raw, 1));
  int reads = static_cast<int>(self.reads_.size());
  int results = 1 + static_cast<int>(self.results_.size());
  luaL_checkstack(raw, (1 + TypedRead::memos) * reads + 2 * results + 8, "row");
  lua_getfield(raw, LUA_REGISTRYINDEX, Script::function_key);
  for (TypedRead& read : self.reads_) {
    read.forget();
    for (int i = 0; i < TypedRead::memos; i++) {
      lua_pushnil(raw);
    }
  }
  for (Result& what : self.results_) {
    what.taken.string = nullptr;
    lua_pushnil(raw);
  }
  int base = lua_gettop(raw);
  Watched& watch = self.state_->watch();
  for (; self.has_row(); self.next_row()) {
    lua_pushvalue(raw, 2);
    if (self.push_arguments(raw, self.row())) {
      watch.next_row();
      lua_call(raw, reads, results);
      self.take_results(raw, base + 1);
    }
    lua_settop(raw, base);
  }
  return 0;
}

}  // namespace stook
