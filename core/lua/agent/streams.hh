// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Programs and connections for the script of a source. Room: the source's front.
#pragma once

#include <lua.hpp>

#include "core/api/child.hh"
#include "core/lua/library/desk.hh"

namespace stook {

/// What a script reads from and writes to: a program's pipes, or one socket for both. Ends with Lua's object: then a
/// program is killed with its group.
/// *Invariants:* [begin, end) of the bytes was read and not yet given.
struct OpenStream {
  int in = -1;
  int out = -1;
  bool is_socket = false;
  bool is_closed = false;
  Child* child = nullptr;  // its own; bare, as Lua makes the object
  char* bytes = nullptr;
  size_t room = 0;
  size_t begin = 0;
  size_t end = 0;
  void close();
  ~OpenStream() { close(); }
};

/// Pushes an empty one. RAISES.
OpenStream& push_stream(lua_State* raw);

/// Puts `program` into the table on top. RAISES.
///
/// program(command [, options])  → stream, or nil and a reason. The command is a text, cut into words as a shell would, or
///                                 a list of words; options: stderr = true (read with the rest), folder, environment
void open_programs(lua_State* raw);
/// Puts `connect` and `listen` into the table on top. RAISES.
///
/// connect(address [, seconds])  → stream, or nil and a reason. An address is `tcp:192.0.2.1:514`, `tcp:[::1]:514`,
///                                 `tcp:localhost:514` or `unix:/path`
/// listen(address)               → listener; listener:accept([seconds]) a stream, listener:port(), listener:close()
void open_sockets(lua_State* raw);

}  // namespace stook
