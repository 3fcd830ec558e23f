// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. `stook.ip.set`.
#pragma once

struct lua_State;

namespace stook {

/// stook.ip.set{ "10.0.0.0/8", ["192.0.2.0/24"] = "office" }. RAISES.
int make_ip_set(lua_State* raw);

}  // namespace stook
