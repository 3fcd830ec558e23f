// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. `stook.lookup`: values by key out of a file. All functions RAISE, but for `destroy` and `path_of`.
#include "core/data/object.hh"
#include "core/lua/cells.hh"
#include "core/lua/library/desk.hh"
#include "core/lua/library/tables.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
struct Lookup {
  std::shared_ptr<TableFile> file;
  std::shared_ptr<const LookupTable> table;
  uint64_t version = 0;
};

int get(lua_State* raw);
const luaL_Reg methods[] = {{"get", get}, {nullptr, nullptr}};
const ObjectKind lookup_kind = {"lookup", methods, destroy_object<Lookup>};

// The value of one name in a map. False: it has none.
bool find_field(std::string_view map, std::string_view name, std::string_view& value) {
  ObjectReader reader(map);
  Cell cell{};
  uint32_t count = 0;
  if (reader.next(cell, count) != Item::Map) {
    return false;
  }
  for (uint32_t i = 0; i < count; i++) {
    uint32_t ignored = 0;
    if (reader.next(cell, ignored) != Item::Value) {
      return false;
    }
    value = reader.skip();
    if (cell.is_slice() && cell.bytes() == name) {
      return true;
    }
  }
  return false;
}

// lookup:get(key [, field])
int get(lua_State* raw) {
  const char* function = "lookup:get";
  Lookup& lookup = *static_cast<Lookup*>(object_argument(raw, 1, lookup_kind, function));
  if (lua_isnoneornil(raw, 2)) {
    lua_pushnil(raw);
    return 1;
  }
  std::string_view key = text_argument(raw, 2, function);
  std::string_view field = lua_isnoneornil(raw, 3) ? std::string_view() : text_argument(raw, 3, function);
  if (lookup.version != lookup.file->version()) {
    lookup.version = lookup.file->version();
    lookup.table = lookup.file->table();
  }
  Desk& desk = Desk::of(raw);
  desk.reason.clear();
  if (!desk.attempt([&] { return lookup.table->find(key, desk.text); })) {
    if (!desk.reason.empty()) {
      return refuse(raw, function, "%s", desk.reason.c_str());
    }
    lua_pushnil(raw);
    return 1;
  }
  std::string_view value = desk.text;
  if (lua_isnoneornil(raw, 3) || find_field(desk.text, field, value)) {
    push_object(raw, value);
  } else {
    lua_pushnil(raw);
  }
  return 1;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Beside the script and below; a map of the world may stand anywhere.
std::string path_of(const std::string& folder, std::string_view name, TableKind kind) {
  bool is_outside = name.substr(0, 1) == "/" || ("/" + std::string(name) + "/").find("/../") != std::string::npos;
  if (is_outside && kind != TableKind::Mmdb) {
    throw std::invalid_argument("'" + std::string(name) + "' lies elsewhere; a table lies in the script's folder");
  }
  return name.substr(0, 1) == "/" ? std::string(name) : folder + "/" + std::string(name);
}

// stook.lookup(file [, column])
int make(lua_State* raw) {
  const char* function = "stook.lookup";
  std::string_view name = text_argument(raw, 1, function);
  std::string_view column = lua_isnoneornil(raw, 2) ? std::string_view() : text_argument(raw, 2, function);
  LuaState& state = LuaState::of(raw);
  if (!state.watch().is_starting()) {
    return refuse(raw, function, "a table is opened when the script starts, outside of its functions or in setup");
  }
  bool is_csv = ends_with(name, ".csv");
  bool is_mmdb = ends_with(name, ".mmdb");
  if (!is_csv && !is_mmdb && !ends_with(name, ".msgpack")) {
    return refuse(raw, function, "'%s' has no ending that is known; it would be .csv, .msgpack or .mmdb", name.data());
  }
  TableKind kind = is_csv ? TableKind::Csv : is_mmdb ? TableKind::Mmdb : TableKind::Msgpack;
  Lookup& lookup = make_object<Lookup>(raw, lookup_kind);
  Desk& desk = Desk::of(raw);
  if (!desk.attempt([&] {
        lookup.file = TableFile::open(kind, path_of(state.folder, name, kind), std::string(column));
        lookup.version = lookup.file->version();
        lookup.table = lookup.file->table();
        return true;
      })) {
    return refuse(raw, function, "%s", desk.reason.c_str());
  }
  return 1;
}
}  // namespace

void open_lookup(lua_State* raw) {
  lua_pushcfunction(raw, make);
}

}  // namespace stook
