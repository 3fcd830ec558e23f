// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The part of a source's library that is written in Lua.
#pragma once

#include "core/lua/agent/library.hh"

namespace stook {

/// Runs it in a state that has the other parts. The function that begins a life, begin(run, position), is in the registry
/// as `stook.begin` then. RAISES.
void run_prelude(lua_State* raw, const SourceWorld& world);

}  // namespace stook
