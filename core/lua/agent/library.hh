// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What the script of a source finds beside stook's own: rows, tasks, positions, files, programs, sockets, and
/// the words of the scripted agent.
#pragma once

#include <lua.hpp>
#include <string>

#include "core/lua/manifest.hh"

namespace stook {

/// What a configuration lets a source's script have of Lua's own.
struct SourceWorld {
  /// The libraries debug and package (with require), which the sandbox keeps away.
  bool has_debug = false;
  bool has_package = false;
  /// LPeg: for what runs in a process of its own.
  bool has_lpeg = false;
  /// Where require looks, as package.path has it.
  std::string paths;
  /// What an entry of the scripted agent's sections is, such as `File:app`, and its keys, one `name=value` a line.
  std::string section;
  std::string config;
  /// A function of the script that is called each `interval` (ns), and gives back rows; empty: none.
  std::string call;
  int64_t interval = 0;
  /// The words it is written in, instead of stook's own; empty: stook's own.
  std::string vocabulary;
  /// Whether the standard output of the process is the script's to write to.
  bool has_output = true;
};

/// For Script: `world` lives as long as the script.
ScriptLibrary source_library(const SourceWorld& world);

/// require, for modules in Lua in these places, as package.path has it. RAISES.
void open_package(lua_State* raw, const std::string& paths);

/// The global `lpeg`; where the system has none, each use of it is an error that says so. RAISES.
void open_lpeg(lua_State* raw);

// The parts; each puts its functions into the table on top. All RAISE.
void open_tasks(lua_State* raw);
void open_events(lua_State* raw);
/// read([seconds])  → a word, or nil and "late"; *waits*
/// write(text)      JSON objects, one behind the other, cut anywhere: each is a row; *waits*
void open_pipes(lua_State* raw);

}  // namespace stook
