// SPDX-License-Identifier: Apache-2.0
#include "core/lua/deliver.hh"

#include "core/lua/agent/library.hh"

namespace stook {

namespace {
// RAISES.
int open_for_sink(lua_State* raw) {
  const std::string& paths = *static_cast<const std::string*>(lua_touserdata(raw, 1));
  luaL_requiref(raw, LUA_IOLIBNAME, luaopen_io, 1);
  lua_pop(raw, 1);
  if (!paths.empty()) {
    open_package(raw, paths);
  }
  return 0;
}

int open_for_codec(lua_State*) {
  return 0;
}
}  // namespace

ScriptLibrary sink_library(const std::string& paths) {
  return {open_for_sink, const_cast<std::string*>(&paths), Form::Sink, true};
}

ScriptLibrary codec_library() {
  return {open_for_codec, nullptr, Form::Codec, true};
}

// RAISES.
int ScriptDelivery::deliver_protected(lua_State* raw) {
  static const char* const names[] = {"done", "again", "refused", "misconfigured", nullptr};
  static constexpr Outcome outcomes[] = {Outcome::Done, Outcome::Again, Outcome::Refused, Outcome::Misconfigured};
  const Offer& offer = *static_cast<const Offer*>(lua_touserdata(raw, 1));
  lua_getfield(raw, LUA_REGISTRYINDEX, Script::function_key);
  lua_pushlstring(raw, offer.bytes.data(), offer.bytes.size());
  lua_pushinteger(raw, static_cast<lua_Integer>(offer.rows));
  lua_call(raw, 2, 3);
  const char* said = lua_type(raw, -3) == LUA_TSTRING ? lua_tostring(raw, -3) : "";
  size_t found = 0;
  while (names[found] != nullptr && std::string_view(said) != names[found]) {
    found++;
  }
  if (names[found] == nullptr) {
    luaL_error(raw, "deliver returns %s%s; it would return \"done\", \"again\", \"refused\" or \"misconfigured\"",
               said[0] == '\0' ? "a " : "", said[0] == '\0' ? luaL_typename(raw, -3) : said);
  }
  double seconds = lua_tonumber(raw, -1);
  size_t size = 0;
  const char* reason = lua_tolstring(raw, -2, &size);
  // Nothing below raises.
  offer.answer->outcome = outcomes[found];
  offer.answer->reason.assign(reason == nullptr ? "" : reason, reason == nullptr ? 0 : size);
  offer.answer->retry_after = seconds > 0 && seconds < 1e6 ? static_cast<int64_t>(seconds * 1e9) : 0;
  return 0;
}

ScriptAnswer ScriptDelivery::deliver(std::string_view bytes, size_t rows) {
  ScriptAnswer answer;
  Offer offer{bytes, rows, &answer};
  Watched& watch = state_->watch();
  watch.enter();
  bool went_well = state_->call(deliver_protected, &offer);
  if (!went_well) {
    watch.recover();
  }
  watch.leave();
  if (!went_well) {
    answer = {};
    answer.reason = state_->error();
  } else if (answer.outcome != Outcome::Done && answer.reason.empty()) {
    answer.reason = state_->script() + " does not say why";
  }
  return answer;
}

int ScriptDelivery::stop_protected(lua_State* raw) {
  if (lua_getfield(raw, LUA_REGISTRYINDEX, Script::stop_key) == LUA_TFUNCTION) {
    lua_call(raw, 0, 0);
  }
  return 0;
}

void ScriptDelivery::stop() {
  state_->watch().enter();
  if (!state_->call(stop_protected, nullptr)) {
    state_->watch().recover();
    log_event(Level::Warning, "script_error",
              Fields()("instance", state_->instance())("script", state_->script())("message", state_->error()));
  }
  state_->watch().leave();
}

}  // namespace stook
