// SPDX-License-Identifier: Apache-2.0
#include "core/lua/call_form.hh"

#include <algorithm>
#include <cmath>

#include "core/base/clock.hh"
#include "core/lua/cells.hh"
#include "core/lua/state.hh"
#include "core/lua/verbs.hh"

namespace stook {

namespace {
constexpr int64_t second = 1'000'000'000;
// The loop's stack: the driver, the function, the last tag, then names and memos.
constexpr int function_place = 2;
constexpr int tag_place = 3;

double seconds_of(int64_t ns) {
  int64_t whole = ns / second;
  return static_cast<double>(whole) + static_cast<double>(ns - whole * second) / 1e9;
}
}  // namespace

CallDriver::CallDriver(std::unique_ptr<LuaState> state, const Manifest& manifest, const CallWays& ways)
    : Driver(std::move(state), loop), ways_(ways), has_metadata_(manifest.parameters >= 5) {
  names_.resize(name_slots);
  tag_ids_.resize(ways_.tag.keys().size());
  state_->hides_null = !ways_.shows_null;
}

void CallDriver::begin() {
  OpenKeys& keys = batch_->keys();
  for (size_t i = 0; i < tag_ids_.size(); i++) {
    tag_ids_[i] = batch_->in(ways_.tag_at + i);
  }
  time_id_ = keys.find(ways_.time_key);
  shown_.clear();
  for (size_t i = 0; i < keys.size(); i++) {
    auto id = static_cast<KeyId>(i);
    const Column* column = batch_->bundle().column(id);
    if (column != nullptr && !column->is_empty() && !(keys.is_planned(id) && keys.schema().key(id).is_meta)) {
      Shown& shown = shown_.emplace_back();
      shown.id = id;
      shown.read = {Type::Mixed, true};
      shown.read.column = column;
    }
  }
}

// The cell that the script sees as a part of the record: not the row's time, and null only when it is asked for.
const Cell* CallDriver::shown_cell(const Shown& shown, Row row) const {
  const Cell* cell = shown.read.column->find(row);
  bool is_hidden = cell != nullptr && ((cell->type == Type::Time && shown.id == time_id_) ||
                                       (cell->type == Type::Null && !ways_.shows_null));
  return is_hidden ? nullptr : cell;
}

int64_t CallDriver::time_of(Row row) {
  const Column* column = batch_->read(time_id_);
  const Cell* cell = column == nullptr ? nullptr : column->find(row);
  has_time_ = cell != nullptr && cell->type == Type::Time;
  return has_time_ ? cell->integer : wall_ns();
}

void CallDriver::store() {
  Bundle& bundle = batch_->bundle();
  for (const Change& change : changes_) {
    if (change.is_removal) {
      bundle.writable(change.id).clear(row());
    } else {
      bundle.put(change.id, row(), change.cell);
    }
  }
}

// Everything below RAISES.

void CallDriver::push_tag(lua_State* raw, Row row) {
  tag_.reset();
  ways_.tag.expand(*batch_, tag_ids_.data(), row, tag_);
  if (!has_last_tag_ || tag_.bytes() != last_tag_) {
    lua_pushlstring(raw, tag_.bytes().data(), tag_.size());
    lua_copy(raw, -1, tag_place);
    last_tag_.assign(tag_.bytes());
    has_last_tag_ = true;
    return;
  }
  lua_pushvalue(raw, tag_place);
}

void CallDriver::push_time(lua_State* raw) {
  if (!ways_.time_as_table) {
    lua_pushnumber(raw, seconds_of(time_));
    return;
  }
  int64_t part = time_ % second;
  part = part < 0 ? part + second : part;
  lua_createtable(raw, 0, 2);
  lua_pushinteger(raw, (time_ - part) / second);
  lua_setfield(raw, -2, "sec");
  lua_pushinteger(raw, part);
  lua_setfield(raw, -2, "nsec");
}

void CallDriver::push_record(lua_State* raw, Row row) {
  lua_createtable(raw, 0, static_cast<int>(shown_.size()));
  shows_ = 0;
  for (size_t i = 0; i < shown_.size(); i++) {
    Shown& shown = shown_[i];
    shown.cell = shown_cell(shown, row);
    shown.is_back = false;
    if (shown.cell != nullptr) {
      lua_pushvalue(raw, name_at(i));
      push_typed(raw, shown.read, memo_at(i), *shown.cell);
      shown.text = shown.cell->type == Type::Text ? lua_tolstring(raw, -1, nullptr) : nullptr;
      lua_rawset(raw, -3);
      shows_++;
    }
  }
}

// The group, of which there is none, and the keys about the record.
void CallDriver::push_metadata(lua_State* raw, Row row) {
  lua_createtable(raw, 0, 0);
  lua_createtable(raw, 0, 4);
  const OpenKeys& keys = batch_->keys();
  for (size_t i = 0; i < keys.schema().size(); i++) {
    auto id = static_cast<KeyId>(i);
    const Column* column = batch_->bundle().column(id);
    if (column != nullptr && column->has(row) && keys.schema().key(id).is_meta) {
      lua_pushlstring(raw, keys.name(id).data(), keys.name(id).size());
      push_cell(raw, (*column)[row]);
      lua_rawset(raw, -3);
    }
  }
}

// The time that came back, if it is another one than what went in.
void CallDriver::take_time(lua_State* raw, int index) {
  int64_t time = time_;
  if (lua_istable(raw, index)) {
    lua_getfield(raw, index, "sec");
    lua_getfield(raw, index, "nsec");
    int64_t whole = lua_tointeger(raw, -2);
    if (whole > INT64_MAX / second - 1 || whole < INT64_MIN / second + 1) {
      luaL_error(raw, "its second result is no time");
    }
    time = whole * second + lua_tointeger(raw, -1) % second;
    lua_pop(raw, 2);
  } else if (lua_type(raw, index) == LUA_TNUMBER) {
    double seconds = lua_tonumber(raw, index);
    if (!(std::fabs(seconds) < 9.2e9)) {
      luaL_error(raw, "its second result is no time");
    }
    if (seconds != seconds_of(time_)) {
      double whole = std::floor(seconds);
      time = static_cast<int64_t>(whole) * second + std::llround((seconds - whole) * 1e9);
    }
  }
  is_time_new_ = time != time_;
  time_ = time;
}

// The results from stack place `first` on: the code, the time, and the record behind the metadata.
void CallDriver::take_answer(lua_State* raw, int first) {
  int is_whole = 0;
  lua_Integer code = lua_tointegerx(raw, first, &is_whole);
  if (is_whole == 0 || code < -1 || code > 2) {
    luaL_error(raw, "its first result is %s; it would be -1, 0, 1 or 2", luaL_tolstring(raw, first, nullptr));
  }
  if (code == -1) {
    drop();
    return;
  }
  if (code == 0) {
    return;
  }
  is_time_new_ = false;
  if (code == 1) {
    take_time(raw, first + 1);
  }
  take_record(raw, first + (has_metadata_ ? 3 : 2));
}

int CallDriver::loop(lua_State* raw) {
  CallDriver& self = *static_cast<CallDriver*>(lua_touserdata(raw, 1));
  size_t columns = self.shown_.size();
  luaL_checkstack(raw, static_cast<int>((1 + TypedRead::memos) * columns) + 40, "record");
  lua_getfield(raw, LUA_REGISTRYINDEX, Script::function_key);
  lua_pushnil(raw);
  self.has_last_tag_ = false;
  self.first_name_ = tag_place + 1;
  lua_createtable(raw, 4, 0);
  lua_setfield(raw, LUA_REGISTRYINDEX, names_key);
  std::fill(self.names_.begin(), self.names_.end(), Name{});
  self.names_known_ = 0;
  for (size_t i = 0; i < columns; i++) {
    Shown& shown = self.shown_[i];
    std::string_view name = self.batch_->keys().name(shown.id);
    self.learn_name(lua_pushlstring(raw, name.data(), name.size()), shown.id, static_cast<int>(i));
    shown.read.forget();
  }
  for (size_t i = 0; i < columns * TypedRead::memos; i++) {
    lua_pushnil(raw);
  }
  int base = lua_gettop(raw);
  Watched& watch = self.state_->watch();
  for (; self.has_row(); self.next_row()) {
    Row row = self.row();
    self.time_ = self.time_of(row);
    lua_pushvalue(raw, function_place);
    self.push_tag(raw, row);
    self.push_time(raw);
    if (self.has_metadata_) {
      self.push_metadata(raw, row);
    }
    self.push_record(raw, row);
    watch.next_row();
    lua_call(raw, self.has_metadata_ ? 5 : 3, self.has_metadata_ ? 4 : 3);
    self.take_answer(raw, base + 1);
    lua_settop(raw, base);
  }
  return 0;
}

}  // namespace stook
