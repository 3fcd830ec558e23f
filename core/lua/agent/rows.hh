// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The rows that a source's script emits: from Lua's tables into the open bundle. Room: the source's front.
#pragma once

#include <lua.hpp>
#include <string_view>
#include <vector>

#include "core/api/plugin.hh"
#include "core/lua/agent/tokens.hh"

namespace stook {

/// The keys that a source's script writes: those that it declares, and those that each has.
std::vector<Key> source_keys(const std::vector<Key>& declared);

/// One for each state. A member whose key is declared becomes a cell of its type; all others become one object, `rest`,
/// whose members are the row's own.
/// *Invariants:* what raises puts no row. *Rooms:* its source's front.
class ScriptRows {
 public:
  /// `keys`: of source_keys; they live as long as this.
  ScriptRows(Feed& feed, const std::vector<Key>& keys, Tokens& tokens);

  /// Keeps the names in Lua, so that they are known by their addresses. RAISES. Before anything is put.
  void open(lua_State* raw);
  /// Puts the table at `index` as a row; false: there is no bundle at the moment. RAISES.
  [[nodiscard]] bool put(lua_State* raw, int index) ROOM(front);

 private:
  struct Slot {
    size_t write;  // its place in the source's writes, whose number may change with a reload
    Type type;
    const char* name;
  };
  struct Taken {
    KeyId id;
    Cell cell;
  };
  /// A declared name by the address of Lua's string.
  struct Place {
    const char* address = nullptr;
    const Slot* slot = nullptr;
  };
  const Slot* find(lua_State* raw, int index) const;
  Cell cell_of(lua_State* raw, int index, const Slot& slot, Arena& arena) const;
  Cell rest_of(lua_State* raw, int index, uint32_t members, Arena& arena) const;
  void learn(const char* address, const Slot& slot);

  Feed& feed_;
  Tokens& tokens_;
  std::vector<Slot> slots_;
  std::vector<Place> places_;  // open addressing
  std::vector<Taken> taken_;   // as long as slots_
  size_t time_;
  size_t rest_;
};

}  // namespace stook
