// SPDX-License-Identifier: Apache-2.0
#include "core/lua/agent/rows.hh"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/clock.hh"
#include "core/data/object.hh"
#include "core/lua/cells.hh"
#include "core/lua/state.hh"
#include "core/lua/typed.hh"

namespace stook {

namespace {
constexpr uint32_t most_members = 1024;

std::string_view text_of(lua_State* raw, int index) {
  size_t size = 0;
  const char* bytes = lua_tolstring(raw, index, &size);
  return {bytes, size};
}
}  // namespace

std::vector<Key> source_keys(const std::vector<Key>& declared) {
  std::vector<Key> keys = declared;
  for (Key key : {Key{"message", Type::Mixed, {}, "what happened", false},
                  Key{"stream_key", Type::Text, {}, "send_event, send_metric: which stream it is of", false},
                  Key{"metric_key", Type::Text, {}, "send_metric: what was measured", false},
                  Key{"value", Type::Mixed, {}, "send_metric: the value", false},
                  Key{"recv.time", Type::Time, {}, "when it was emitted", true},
                  Key{"rest", Type::Object, {}, "members whose keys the script does not declare", false}}) {
    bool is_declared = std::any_of(keys.begin(), keys.end(), [&](const Key& one) { return one.name == key.name; });
    if (!is_declared) {
      keys.push_back(key);
    }
  }
  return keys;
}

ScriptRows::ScriptRows(Feed& feed, const std::vector<Key>& keys, Tokens& tokens)
    : feed_(feed), tokens_(tokens), time_(keys.size()), rest_(keys.size()) {
  for (size_t j = 0; j < keys.size(); j++) {
    slots_.push_back({j, keys[j].type, keys[j].name.c_str()});
    time_ = keys[j].is_meta ? j : time_;
    rest_ = keys[j].name == "rest" ? j : rest_;
  }
  taken_.resize(slots_.size());
  places_.resize(std::bit_ceil(slots_.size() * 4));
}

void ScriptRows::learn(const char* address, const Slot& slot) {
  size_t at = reinterpret_cast<uintptr_t>(address) >> 3;
  while (places_[at & (places_.size() - 1)].address != nullptr) {
    at++;
  }
  places_[at & (places_.size() - 1)] = {address, &slot};
}

void ScriptRows::open(lua_State* raw) {
  lua_createtable(raw, static_cast<int>(slots_.size()), 0);
  for (size_t j = 0; j < slots_.size(); j++) {
    const char* kept = lua_pushstring(raw, slots_[j].name);
    lua_rawseti(raw, -2, static_cast<lua_Integer>(j + 1));
    learn(kept, slots_[j]);
  }
  lua_setfield(raw, LUA_REGISTRYINDEX, "stook.row_keys");
}

// The declared key, or null. Short texts have one address each; a long one is compared.
const ScriptRows::Slot* ScriptRows::find(lua_State* raw, int index) const {
  if (lua_type(raw, index) != LUA_TSTRING) {
    luaL_error(raw, "emit: a row's key is a text, not a %s", luaL_typename(raw, index));
  }
  std::string_view name = text_of(raw, index);
  size_t at = reinterpret_cast<uintptr_t>(name.data()) >> 3;
  for (;; at++) {
    const Place& place = places_[at & (places_.size() - 1)];
    if (place.address == name.data()) {
      return place.slot;
    }
    if (place.address == nullptr) {
      break;
    }
  }
  for (size_t j = 0; name.size() > 40 && j < slots_.size(); j++) {
    if (name == slots_[j].name) {
      return &slots_[j];
    }
  }
  return nullptr;
}

Cell ScriptRows::cell_of(lua_State* raw, int index, const Slot& slot, Arena& arena) const {
  int type = lua_type(raw, index);
  if (type == LUA_TSTRING && slot.type == Type::Text) {
    return Cell::of_text(arena.copy(text_of(raw, index)));
  }
  Cell cell{};
  bool is_right = true;
  bool is_whole_key = slot.type == Type::Integer || slot.type == Type::Unsigned || slot.type == Type::Time;
  if (type == LUA_TNUMBER && slot.type == Type::Real) {
    cell = Cell::of_real(lua_tonumber(raw, index));
  } else if (type == LUA_TNUMBER && is_whole_key) {
    int is_whole = 0;
    cell = Cell::of_word(slot.type, static_cast<uint64_t>(lua_tointegerx(raw, index, &is_whole)));
    is_right = is_whole != 0;
  } else {
    Cell hint = Cell::of_slice(slot.type, {});
    bool takes_hint = slot.type == Type::Bytes || slot.type == Type::Address;
    cell = make_cell(raw, index, takes_hint ? &hint : nullptr, arena);
    is_right = cell.type == Type::Null || is_of(slot.type, cell.type);
  }
  if (!is_right) {
    luaL_error(raw, "emit: key '%s' is declared %s, and this is a %s", slot.name, type_name(slot.type).data(),
               luaL_typename(raw, index));
  }
  return cell;
}

// COLD: the members that are not declared, as one object.
Cell ScriptRows::rest_of(lua_State* raw, int index, uint32_t members, Arena& arena) const {
  if (members > most_members) {
    luaL_error(raw, "emit: a row of more than 1024 keys");
  }
  LuaState& state = LuaState::of(raw);
  state.bytes.clear();
  lua_pushnil(raw);
  while (lua_next(raw, index) != 0) {
    if (find(raw, -2) == nullptr) {
      write_object(raw, lua_gettop(raw) - 1, {});
      write_object(raw, lua_gettop(raw), {});
    }
    lua_pop(raw, 1);
  }
  char* begin = arena.reserve(state.bytes.size() + 5);
  char* to = put_map_head(begin, members);
  std::memcpy(to, state.bytes.data(), state.bytes.size());
  size_t size = static_cast<size_t>(to - begin) + state.bytes.size();
  arena.commit(size);
  Cell cell = Cell::of_slice(Type::Object, {begin, size});
  cell.is_number = true;  // the row's own members: codecs write them as keys
  return cell;
}

bool ScriptRows::put(lua_State* raw, int index) {
  Bundle* bundle = feed_.bundle();
  if (bundle == nullptr) {
    return false;
  }
  LuaState::of(raw).may_store = LuaState::of(raw).heap().limit();
  size_t taken = 0;
  uint32_t others = 0;
  lua_pushnil(raw);
  while (lua_next(raw, index) != 0) {
    const Slot* slot = find(raw, -2);
    others += slot == nullptr ? 1 : 0;
    KeyId id = slot == nullptr ? no_key : feed_.out(slot->write);
    if (id != no_key) {
      taken_[taken++] = {id, cell_of(raw, lua_gettop(raw), *slot, bundle->arena())};
    }
    lua_pop(raw, 1);
  }
  Cell rest{};
  KeyId rest_id = feed_.out(rest_);
  if (others > 0 && rest_id != no_key) {
    rest = rest_of(raw, index, others, bundle->arena());
  }
  // Nothing below raises.
  if (bundle->rows() == 0) {
    tokens_.begin_bundle(feed_);
  }
  Row row = bundle->append();
  for (size_t i = 0; i < taken; i++) {
    bundle->put(taken_[i].id, row, taken_[i].cell);
  }
  if (others > 0 && rest_id != no_key) {
    bundle->put(rest_id, row, rest);
  }
  if (time_ < slots_.size() && feed_.out(time_) != no_key) {
    bundle->put(feed_.out(time_), row, Cell::of_time(wall_ns()));
  }
  return true;
}

}  // namespace stook
