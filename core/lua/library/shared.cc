// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. `stook.shared`: dictionaries over all workers and scripts. All functions RAISE.
#include "core/base/clock.hh"
#include "core/lua/library/desk.hh"
#include "core/lua/library/kept_values.hh"
#include "core/lua/library/shared_values.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
struct Shared {
  SharedValues* values = nullptr;
  std::shared_ptr<KeptValues> kept;  // of a kept one; others live as long as the process
};

int get(lua_State* raw);
int set(lua_State* raw);
int claim(lua_State* raw);
int add(lua_State* raw);
int count(lua_State* raw);
int evicted(lua_State* raw);
const luaL_Reg methods[] = {{"get", get},     {"set", set},         {"claim", claim},  {"add", add},
                            {"count", count}, {"evicted", evicted}, {nullptr, nullptr}};
const ObjectKind shared_kind = {"shared dictionary", methods, destroy_object<Shared>};

Shared& shared_of(lua_State* raw, const char* function) {
  return *static_cast<Shared*>(object_argument(raw, 1, shared_kind, function));
}
SharedValues& values_of(lua_State* raw, const char* function) {
  return *shared_of(raw, function).values;
}

std::string_view key_argument(lua_State* raw, const char* function) {
  std::string_view key = text_argument(raw, 2, function);
  if (key.size() > SharedValues::longest_key) {
    refuse(raw, function, "a key has more than 256 bytes; a hash of it would do");
  }
  return key;
}

// The time that a value lives, in ns; given in seconds.
int64_t lifetime_argument(lua_State* raw, int index, const char* function) {
  if (lua_isnoneornil(raw, index)) {
    return 0;
  }
  if (lua_type(raw, index) != LUA_TNUMBER || !(lua_tonumber(raw, index) > 0) || lua_tonumber(raw, index) > 1e9) {
    refuse(raw, function, "argument %d would be the seconds that the value lives, more than 0", index);
  }
  return static_cast<int64_t>(lua_tonumber(raw, index) * 1e9) + 1;
}

void check_value(lua_State* raw, int index, const char* function) {
  int type = lua_type(raw, index);
  if (type != LUA_TNIL && type != LUA_TBOOLEAN && type != LUA_TNUMBER && type != LUA_TSTRING) {
    refuse(raw, function,
           "a %s cannot be shared; a text, a number, true, false or nil can: stook.json.encode makes a text",
           luaL_typename(raw, index));
  }
  if (type == LUA_TSTRING && lua_rawlen(raw, index) > SharedValues::longest_value) {
    refuse(raw, function, "a value has more than 64 KiB");
  }
}

// Does not raise: the value was checked.
SharedValue value_at(lua_State* raw, int index) {
  SharedValue value;
  switch (lua_type(raw, index)) {
    case LUA_TBOOLEAN:
      value.kind = SharedValue::Kind::Boolean;
      value.integer = lua_toboolean(raw, index);
      break;
    case LUA_TNUMBER:
      value.kind = lua_isinteger(raw, index) != 0 ? SharedValue::Kind::Integer : SharedValue::Kind::Real;
      value.integer = lua_tointeger(raw, index);
      value.real = lua_tonumber(raw, index);
      break;
    case LUA_TSTRING: {
      size_t size = 0;
      const char* text = lua_tolstring(raw, index, &size);
      value.kind = SharedValue::Kind::Text;
      value.text.assign(text, size);
      break;
    }
    default:
      break;
  }
  return value;
}

// Of a value: what is needed to push it while the text lies on the desk.
struct Answer {
  SharedValue::Kind kind = SharedValue::Kind::None;
  int64_t integer = 0;
  double real = 0;
};

Answer keep(Desk& desk, SharedValue&& value) {
  desk.text = std::move(value.text);
  return {value.kind, value.integer, value.real};
}

int push_answer(lua_State* raw, const Desk& desk, const Answer& answer) {
  switch (answer.kind) {
    case SharedValue::Kind::None:
      lua_pushnil(raw);
      break;
    case SharedValue::Kind::Boolean:
      lua_pushboolean(raw, static_cast<int>(answer.integer));
      break;
    case SharedValue::Kind::Integer:
      lua_pushinteger(raw, answer.integer);
      break;
    case SharedValue::Kind::Real:
      lua_pushnumber(raw, answer.real);
      break;
    case SharedValue::Kind::Text:
      push_text(raw, desk.text);
      break;
  }
  return 1;
}

int get(lua_State* raw) {
  const char* function = "shared:get";
  SharedValues& values = values_of(raw, function);
  std::string_view key = key_argument(raw, function);
  Desk& desk = Desk::of(raw);
  Answer answer;
  if (!desk.attempt([&] {
        answer = keep(desk, values.get(key, monotonic_ns()));
        return true;
      })) {
    return refuse(raw, function, "%s", desk.reason.c_str());
  }
  return push_answer(raw, desk, answer);
}

bool put(lua_State* raw, const char* function, bool only_new) {
  Shared& shared = shared_of(raw, function);
  std::string_view key = key_argument(raw, function);
  lua_settop(raw, 4);
  check_value(raw, 3, function);
  int64_t lives = lifetime_argument(raw, 4, function);
  Desk& desk = Desk::of(raw);
  bool is_put = false;
  if (!desk.attempt([&] {
        is_put = shared.kept ? shared.kept->set(key, value_at(raw, 3), lives, only_new)
                             : shared.values->set(key, value_at(raw, 3), lives, only_new, monotonic_ns());
        return true;
      })) {
    refuse(raw, function, "%s", desk.reason.c_str());
  }
  return is_put;
}

// dictionary:set(key, value [, seconds])
int set(lua_State* raw) {
  put(raw, "shared:set", false);
  return 0;
}

// dictionary:claim(key [, value [, seconds]]): whether there was none before.
int claim(lua_State* raw) {
  if (lua_isnoneornil(raw, 3)) {
    lua_settop(raw, 4);
    lua_pushboolean(raw, 1);
    lua_replace(raw, 3);
  }
  lua_pushboolean(raw, put(raw, "shared:claim", true) ? 1 : 0);
  return 1;
}

// dictionary:add(key [, number [, seconds]]): the sum.
int add(lua_State* raw) {
  const char* function = "shared:add";
  Shared& shared = shared_of(raw, function);
  std::string_view key = key_argument(raw, function);
  lua_settop(raw, 4);
  if (lua_isnil(raw, 3)) {
    lua_pushinteger(raw, 1);
    lua_replace(raw, 3);
  }
  if (lua_type(raw, 3) != LUA_TNUMBER) {
    return refuse(raw, function, "argument 2 is a %s; it would be a number", luaL_typename(raw, 3));
  }
  int64_t lives = lifetime_argument(raw, 4, function);
  Desk& desk = Desk::of(raw);
  Answer answer;
  if (!desk.attempt([&] {
        answer = keep(desk, shared.kept ? shared.kept->add(key, value_at(raw, 3), lives)
                                        : shared.values->add(key, value_at(raw, 3), lives, monotonic_ns()));
        return true;
      })) {
    return refuse(raw, function, "%s", desk.reason.c_str());
  }
  if (answer.kind == SharedValue::Kind::None) {
    return refuse(raw, function, "what stands there is no number, and nothing can be added to it");
  }
  return push_answer(raw, desk, answer);
}

int count(lua_State* raw) {
  lua_pushinteger(raw, static_cast<lua_Integer>(values_of(raw, "shared:count").size()));
  return 1;
}

int evicted(lua_State* raw) {
  lua_pushinteger(raw, static_cast<lua_Integer>(values_of(raw, "shared:evicted").evicted()));
  return 1;
}

// stook.shared(name)
int make(lua_State* raw) {
  const char* function = "stook.shared";
  std::string_view name = text_argument(raw, 1, function);
  if (name.empty() || name.size() > 64) {
    return refuse(raw, function, "a dictionary's name has 1 to 64 bytes");
  }
  Shared& shared = make_object<Shared>(raw, shared_kind);
  Desk& desk = Desk::of(raw);
  if (!desk.attempt([&] {
        shared.values = SharedValues::named(name);
        return true;
      })) {
    return refuse(raw, function, "%s", desk.reason.c_str());
  }
  if (shared.values == nullptr) {
    return refuse(raw, function, "there are 32 dictionaries already, and no more can be made");
  }
  return 1;
}

// stook.keep(name)
int make_kept(lua_State* raw) {
  const char* function = "stook.keep";
  std::string_view name = text_argument(raw, 1, function);
  if (!LuaState::of(raw).watch().is_starting()) {
    return refuse(raw, function, "it is opened when the script starts, outside of its functions or in setup");
  }
  Shared& shared = make_object<Shared>(raw, shared_kind);
  Desk& desk = Desk::of(raw);
  if (!desk.attempt([&] {
        shared.kept = kept_values(name);
        shared.values = &shared.kept->values;
        return true;
      })) {
    return refuse(raw, function, "%s", desk.reason.c_str());
  }
  return 1;
}
}  // namespace

void open_keep(lua_State* raw) {
  lua_pushcfunction(raw, make_kept);
}
void open_shared(lua_State* raw) {
  lua_pushcfunction(raw, make);
}

}  // namespace stook
