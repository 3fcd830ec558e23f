// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. `stook.json` and `stook.msgpack`: texts and bytes to values and back. All functions RAISE.
#include "core/data/json_text.hh"
#include "core/data/object.hh"
#include "core/lua/cells.hh"
#include "core/lua/library/desk.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
/// Longer texts are read in pieces, if at all.
constexpr size_t longest = 16 << 20;

// Reads one value of any kind: the reader knows objects, and so another value becomes the one member of one.
bool read_json(Desk& desk, std::string_view text, Cell& cell) {
  size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    if (!desk.json.read_object(text, desk.arena, cell)) {
      desk.reason = desk.json.reason();
      return false;
    }
    return true;
  }
  char* to = desk.arena.take(text.size() + 6);
  std::memcpy(to, "{\"\":", 4);
  if (!text.empty()) {
    std::memcpy(to + 4, text.data(), text.size());
  }
  to[text.size() + 4] = '}';
  if (first == std::string_view::npos) {
    desk.reason = "not JSON: nothing but blanks";
    return false;
  }
  if (!desk.json.read_members({to, text.size() + 5}, desk.arena)) {
    desk.reason = desk.json.reason();
    return false;
  }
  if (desk.json.members().size() != 1) {
    desk.reason = "not JSON: something behind the value";
    return false;
  }
  cell = desk.json.members()[0].value;
  return true;
}

// The msgpack of a JSON text, in the desk.
bool pack_json(Desk& desk, std::string_view text, std::string_view& bytes) {
  Cell cell{};
  if (!read_json(desk, text, cell)) {
    return false;
  }
  if (cell.type == Type::Object) {
    bytes = object_bytes(cell, desk.text);
    return true;
  }
  desk.text.resize(cell_room(cell));
  char* end = put_cell(desk.text.data(), cell);
  bytes = {desk.text.data(), static_cast<size_t>(end - desk.text.data())};
  return true;
}

std::string_view document_argument(lua_State* raw, int index, const char* function) {
  std::string_view text = text_argument(raw, index, function);
  if (text.size() > longest) {
    refuse(raw, function, "argument %d has more than 16 MiB", index);
  }
  return text;
}

// What is to be encoded is at 1, the bytes it came from are `before`. Leaves the msgpack in LuaState::bytes.
std::string_view pack(lua_State* raw, std::string_view before, const char* function) {
  if (lua_isnoneornil(raw, 1)) {
    refuse(raw, function, "nil is no value; stook.null stands for null");
  }
  LuaState& state = LuaState::of(raw);
  state.bytes.clear();
  write_object(raw, 1, before);
  return {state.bytes.data(), state.bytes.size()};
}

int decode_json(lua_State* raw) {
  std::string_view text = document_argument(raw, 1, "stook.json.decode");
  Desk& desk = Desk::of(raw);
  Cell cell{};
  if (!desk.attempt([&] { return read_json(desk, text, cell); })) {
    return no_answer(raw, desk.reason);
  }
  push_cell(raw, cell);
  return 1;
}

int encode_json(lua_State* raw) {
  const char* function = "stook.json.encode";
  Desk& desk = Desk::of(raw);
  std::string_view before;
  if (!lua_isnoneornil(raw, 2)) {
    std::string_view text = document_argument(raw, 2, function);
    if (!desk.attempt([&] { return pack_json(desk, text, before); })) {
      return refuse(raw, function, "argument 2 is %s; it would be the text that the value came from",
                    desk.reason.c_str());
    }
  }
  Cell cell = Cell::of_slice(Type::Object, pack(raw, before, function));
  if (!desk.attempt([&] {
        append_json(desk.out, cell, JsonStyle());
        return true;
      })) {
    return refuse(raw, function, "%s", desk.reason.c_str());
  }
  push_text(raw, desk.out.bytes());
  return 1;
}

int push_checked(lua_State* raw) {
  push_object(raw, text_argument(raw, 1, "stook.msgpack.decode"));
  return 1;
}

int decode_msgpack(lua_State* raw) {
  std::string_view bytes = document_argument(raw, 1, "stook.msgpack.decode");
  if (!is_object(bytes)) {
    return no_answer(raw, "not one whole value of msgpack of at most 64 levels");
  }
  lua_pushcfunction(raw, push_checked);
  lua_pushvalue(raw, 1);
  int status = lua_pcall(raw, 1, 1, 0);
  if (status == LUA_OK) {
    return 1;
  }
  LuaState::of(raw).check_budget(raw);
  if (status != LUA_ERRRUN) {
    return lua_error(raw);
  }
  lua_pushnil(raw);  // a key that no table can have: the data's fault
  lua_insert(raw, -2);
  return 2;
}

int encode_msgpack(lua_State* raw) {
  const char* function = "stook.msgpack.encode";
  std::string_view before;
  if (!lua_isnoneornil(raw, 2)) {
    before = document_argument(raw, 2, function);
    if (!is_object(before)) {
      return refuse(raw, function, "argument 2 is no msgpack; it would be the bytes that the value came from");
    }
  }
  push_text(raw, pack(raw, before, function));
  return 1;
}

const luaL_Reg json_functions[] = {{"decode", decode_json}, {"encode", encode_json}, {nullptr, nullptr}};
const luaL_Reg msgpack_functions[] = {{"decode", decode_msgpack}, {"encode", encode_msgpack}, {nullptr, nullptr}};
}  // namespace

void open_json(lua_State* raw) {
  push_functions(raw, json_functions);
}
void open_msgpack(lua_State* raw) {
  push_functions(raw, msgpack_functions);
}

}  // namespace stook
