// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. `stook.hostname`: what this machine calls itself.
#include <unistd.h>

#include "core/lua/library/desk.hh"

namespace stook {

void open_hostname(lua_State* raw) {
  char name[256] = "localhost";
  (void)::gethostname(name, sizeof name - 1);
  name[sizeof name - 1] = '\0';
  lua_pushstring(raw, name);
}

}  // namespace stook
