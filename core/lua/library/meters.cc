// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. `stook.counter`, `stook.gauge`, `stook.histogram`: what a script counts, beside the ledger. All functions RAISE.
#include <cctype>
#include <cmath>

#include "core/api/script_meters.hh"
#include "core/lua/library/desk.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
struct Meter {
  std::shared_ptr<ScriptMeter> meter;
};

double number_argument(lua_State* raw, const char* function) {
  if (lua_type(raw, 2) != LUA_TNUMBER || std::isnan(lua_tonumber(raw, 2))) {
    refuse(raw, function, "argument 1 is %s; it would be a number",
           lua_type(raw, 2) == LUA_TNUMBER ? "not a number" : luaL_typename(raw, 2));
  }
  return lua_tonumber(raw, 2);
}

int count(lua_State* raw);
int set(lua_State* raw);
int change(lua_State* raw);
int observe(lua_State* raw);
const luaL_Reg counter_methods[] = {{"add", count}, {nullptr, nullptr}};
const luaL_Reg gauge_methods[] = {{"set", set}, {"add", change}, {nullptr, nullptr}};
const luaL_Reg histogram_methods[] = {{"add", observe}, {nullptr, nullptr}};
const ObjectKind kinds[] = {{"counter", counter_methods, destroy_object<Meter>},
                            {"gauge", gauge_methods, destroy_object<Meter>},
                            {"histogram", histogram_methods, destroy_object<Meter>}};

ScriptMeter& meter_argument(lua_State* raw, ScriptMeter::Kind kind, const char* function) {
  return *static_cast<Meter*>(object_argument(raw, 1, kinds[static_cast<size_t>(kind)], function))->meter;
}

// counter:add([n])
int count(lua_State* raw) {
  ScriptMeter& meter = meter_argument(raw, ScriptMeter::Kind::Counter, "counter:add");
  lua_Integer more = integer_argument(raw, 2, "counter:add", 1);
  if (more < 0) {
    return refuse(raw, "counter:add", "%I is less than 0; a gauge goes up and down", static_cast<LUAI_UACINT>(more));
  }
  meter.count(static_cast<uint64_t>(more));
  return 0;
}

int set(lua_State* raw) {
  ScriptMeter& meter = meter_argument(raw, ScriptMeter::Kind::Gauge, "gauge:set");
  meter.set(number_argument(raw, "gauge:set"));
  return 0;
}

int change(lua_State* raw) {
  ScriptMeter& meter = meter_argument(raw, ScriptMeter::Kind::Gauge, "gauge:add");
  meter.change(number_argument(raw, "gauge:add"));
  return 0;
}

int observe(lua_State* raw) {
  ScriptMeter& meter = meter_argument(raw, ScriptMeter::Kind::Histogram, "histogram:add");
  double value = number_argument(raw, "histogram:add");
  if (value < 0) {
    return refuse(raw, "histogram:add", "%f is less than 0; a histogram counts sizes and times", value);
  }
  meter.observe(value);
  return 0;
}

bool is_meter_name(std::string_view name) {
  for (char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') {
      return false;
    }
  }
  return !name.empty() && name.size() <= 64 && std::isdigit(static_cast<unsigned char>(name[0])) == 0;
}

constexpr size_t most_labels = 8;

// The table at `index` has names of labels, and texts for them. RAISES when it has something else.
void check_labels(lua_State* raw, int index, const char* function) {
  size_t count = 0;
  lua_pushnil(raw);
  while (lua_next(raw, index) != 0) {
    if (++count > most_labels) {
      refuse(raw, function, "there are more than %d labels", static_cast<int>(most_labels));
    }
    if (lua_type(raw, -2) != LUA_TSTRING || !is_meter_name(text_argument(raw, lua_gettop(raw) - 1, function))) {
      refuse(raw, function, "a label's name has letters, digits and _, 64 at the most");
    }
    if (lua_type(raw, -1) != LUA_TSTRING || lua_rawlen(raw, -1) > 64) {
      refuse(raw, function, "the label '%s' would be a text of at most 64 bytes", lua_tostring(raw, -2));
    }
    lua_pop(raw, 1);
  }
}

// Those of a table that was checked. Does not raise.
MeterLabels labels_at(lua_State* raw, int index) {
  MeterLabels labels;
  lua_pushnil(raw);
  while (lua_next(raw, index) != 0) {
    size_t size = 0;
    const char* value = lua_tolstring(raw, -1, &size);
    labels.emplace(lua_tostring(raw, -2), std::string(value, size));
    lua_pop(raw, 1);
  }
  return labels;
}

// stook.counter(name [, doc] [, labels]), and the others.
int make(lua_State* raw, ScriptMeter::Kind kind, const char* function) {
  std::string_view name = text_argument(raw, 1, function);
  lua_settop(raw, 3);
  if (lua_type(raw, 2) == LUA_TTABLE) {
    lua_insert(raw, 2);
    lua_settop(raw, 3);  // no doc
  }
  int labels = lua_isnil(raw, 3) ? 0 : 3;
  if (labels != 0) {
    luaL_checktype(raw, 3, LUA_TTABLE);
    check_labels(raw, 3, function);
  }
  std::string_view doc = lua_isnoneornil(raw, 2) ? std::string_view() : text_argument(raw, 2, function).substr(0, 256);
  if (!is_meter_name(name)) {
    return refuse(raw, function, "'%s' is no name; it has letters, digits and _, 64 at the most", name.data());
  }
  Meter& meter = make_object<Meter>(raw, kinds[static_cast<size_t>(kind)]);
  Desk& desk = Desk::of(raw);
  if (!desk.attempt([&] {
        meter.meter = script_meter(kind, LuaState::of(raw).instance(), name, doc,
                                   labels == 0 ? MeterLabels() : labels_at(raw, labels));
        return true;
      })) {
    return refuse(raw, function, "%s", desk.reason.c_str());
  }
  return 1;
}

int make_counter(lua_State* raw) {
  return make(raw, ScriptMeter::Kind::Counter, "stook.counter");
}
int make_gauge(lua_State* raw) {
  return make(raw, ScriptMeter::Kind::Gauge, "stook.gauge");
}
int make_histogram(lua_State* raw) {
  return make(raw, ScriptMeter::Kind::Histogram, "stook.histogram");
}
}  // namespace

void open_counter(lua_State* raw) {
  lua_pushcfunction(raw, make_counter);
}
void open_gauge(lua_State* raw) {
  lua_pushcfunction(raw, make_gauge);
}
void open_histogram(lua_State* raw) {
  lua_pushcfunction(raw, make_histogram);
}

}  // namespace stook
