// SPDX-License-Identifier: Apache-2.0
#include "core/lua/positional.hh"

#include <cstring>
#include <utility>

#include "core/lua/cells.hh"
#include "core/lua/library.hh"
#include "core/lua/state.hh"

namespace stook {

PositionalDriver::PositionalDriver(std::unique_ptr<LuaState> state, const Manifest& manifest)
    : Driver(std::move(state), loop), remove_names_(manifest.removes) {
  for (const Read& read : manifest.reads) {
    arguments_.push_back({read.type, read.is_optional, nullptr, 0, Type::Null, nullptr});
  }
  for (const Key& key : manifest.writes) {
    results_.push_back({key.type, no_key, false, {}});
  }
}

void PositionalDriver::begin() {
  for (size_t i = 0; i < arguments_.size(); i++) {
    arguments_[i].column = batch_->read(batch_->in(i));
    arguments_[i].data = nullptr;
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

namespace {
/// Whether a value of this type may stand for the declared one.
bool is_of(Type declared, Type type) {
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
}  // namespace

// Texts repeat from row to row (hosts, methods, labels): comparing bytes is cheaper than hashing and interning them.
void PositionalDriver::push_text(lua_State* raw, Argument& argument, int memo, const Cell& cell) {
  if (argument.data != nullptr && argument.size == cell.size && argument.last == cell.type &&
      (argument.data == cell.data || std::memcmp(argument.data, cell.data, cell.size) == 0)) {
    lua_pushvalue(raw, memo);
    return;
  }
  push_cell(raw, cell);
  lua_copy(raw, -1, memo);
  argument.data = cell.data;
  argument.size = cell.size;
  argument.last = cell.type;
}

bool PositionalDriver::push(lua_State* raw, Argument& argument, int memo, const Cell& cell) {
  if (!is_of(argument.type, cell.type)) {
    batch_->meter().type_faults.add(1);
    lua_pushnil(raw);
    return argument.is_optional;
  }
  switch (cell.type) {
    case Type::Integer:
    case Type::Unsigned:
      if (argument.type == Type::Real) {
        lua_pushnumber(raw,
                       cell.type == Type::Integer ? static_cast<double>(cell.integer) : static_cast<double>(cell.bits));
      } else {
        lua_pushinteger(raw, cell.integer);
      }
      return true;
    case Type::Text:
    case Type::Bytes:
    case Type::Address:
      push_text(raw, argument, memo, cell);
      return true;
    default:
      push_cell(raw, cell);
      return true;
  }
}

bool PositionalDriver::push_arguments(lua_State* raw, Row row) {
  int memo = 3;
  for (Argument& argument : arguments_) {
    const Cell* cell = argument.column == nullptr ? nullptr : argument.column->find(row);
    if (cell != nullptr) {
      if (!push(raw, argument, memo, *cell)) {
        return false;
      }
    } else if (argument.is_optional) {
      lua_pushnil(raw);
    } else {
      return false;
    }
    memo++;
  }
  return true;
}

Cell PositionalDriver::result(lua_State* raw, int index, const Result& what, size_t number, const Cell* old) {
  int type = lua_type(raw, index);
  Cell cell{};
  bool is_right = true;
  if (what.type == Type::Real && type == LUA_TNUMBER) {
    cell = Cell::of_real(lua_tonumber(raw, index));
  } else if (type == LUA_TNUMBER &&
             (what.type == Type::Integer || what.type == Type::Unsigned || what.type == Type::Time)) {
    int is_whole = 0;
    int64_t whole = lua_tointegerx(raw, index, &is_whole);
    is_right = is_whole != 0;
    Type made =
        what.type == Type::Integer && old != nullptr && old->type == Type::Unsigned ? Type::Unsigned : what.type;
    cell = Cell::of_word(made, static_cast<uint64_t>(whole));
  } else {
    Cell hint = Cell::of_slice(what.type, {});
    bool takes_hint = what.type == Type::Bytes || what.type == Type::Address;
    cell = make_cell(raw, index, takes_hint ? &hint : old, batch_->arena());
    is_right = cell.type == Type::Null || what.type == Type::Mixed || is_of(what.type, cell.type);
  }
  if (!is_right) {
    luaL_error(raw, "result %d is a %s, and the key it is for is declared %s", static_cast<int>(number) + 2,
               luaL_typename(raw, index), type_name(what.type).data());
  }
  return cell;
}

// The results from stack place `first` on: the word on the row, then the writes.
void PositionalDriver::take_results(lua_State* raw, int first) {
  if (lua_isboolean(raw, first) && lua_toboolean(raw, first) == 0) {
    drop();
    return;
  }
  Row row = this->row();
  Bundle& bundle = batch_->bundle();
  for (size_t j = 0; j < results_.size(); j++) {
    Result& what = results_[j];
    int index = first + 1 + static_cast<int>(j);
    what.is_set = what.id != no_key && !lua_isnil(raw, index);
    if (what.is_set) {
      const Column* column = bundle.column(what.id);
      what.cell = result(raw, index, what, j, column == nullptr ? nullptr : column->find(row));
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
  int reads = static_cast<int>(self.arguments_.size());
  int results = 1 + static_cast<int>(self.results_.size());
  luaL_checkstack(raw, 2 * reads + results + 8, "row");
  lua_getfield(raw, LUA_REGISTRYINDEX, Script::function_key);
  for (Argument& argument : self.arguments_) {
    argument.data = nullptr;
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
