// SPDX-License-Identifier: Apache-2.0
/// LPeg, as the system has it, for scripts that run in a process of their own. A match may take for ever and nothing
/// but the end of the process ends it, so no other script gets it.
#include <dlfcn.h>

#include "core/lua/agent/library.hh"

namespace stook {

namespace {
// Debian's name, then those of who builds Lua by hand.
constexpr const char* places[] = {"liblua5.4-lpeg.so.2", "/usr/lib/lua/5.4/lpeg.so", "/usr/lib64/lua/5.4/lpeg.so",
                                  "/usr/local/lib/lua/5.4/lpeg.so"};

lua_CFunction find_lpeg() {
  for (const char* place : places) {
    if (void* library = ::dlopen(place, RTLD_NOW | RTLD_LOCAL)) {  // stays for the process's life
      return reinterpret_cast<lua_CFunction>(::dlsym(library, "luaopen_lpeg"));
    }
  }
  return nullptr;
}

int is_missing(lua_State* raw) {
  return luaL_error(raw, "lpeg: there is no LPeg for Lua 5.4 here; Debian's package is lua-lpeg");
}
}  // namespace

void open_lpeg(lua_State* raw) {
  static const lua_CFunction opener = find_lpeg();
  if (opener != nullptr) {
    luaL_requiref(raw, "lpeg", opener, 1);
    lua_pop(raw, 1);
    return;
  }
  lua_newtable(raw);
  lua_newtable(raw);
  lua_pushcfunction(raw, is_missing);
  lua_setfield(raw, -2, "__index");
  lua_setmetatable(raw, -2);
  lua_setglobal(raw, "lpeg");
}

}  // namespace stook
