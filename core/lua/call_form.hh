// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The form of fluent-bit's scripts: `function NAME(tag, ts, record)`, called with a table for each row, which
/// answers −1, 0, 1 or 2.
#pragma once

#include <lua.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/data/pattern.hh"
#include "core/data/payload.hh"
#include "core/lua/driver.hh"
#include "core/lua/manifest.hh"
#include "core/lua/typed.hh"

namespace stook {

/// What of fluent-bit's options there is.
struct CallWays {
  bool time_as_table = false;
  /// Null is seen as flb_null; else it is not seen at all, and stays.
  bool shows_null = false;
  /// Keys whose numbers become integers, and whose tables are arrays.
  std::vector<std::string> integers;
  std::vector<std::string> arrays;
  std::string time_key = "time";
  /// The tag, and where its keys are in the element's reads.
  Pattern tag;
  size_t tag_at = 0;
};

/// A row is what its record is, its time beside it. What comes back is compared with what went in, so that only what
/// was changed is written.
class CallDriver final : public Driver {
 public:
  CallDriver(std::unique_ptr<LuaState> state, const Manifest& manifest, const CallWays& ways);

 private:
  /// A key that some row of the batch has.
  struct Shown {
    KeyId id;
    TypedRead read;  // with the text that was pushed last
    /// Of the row at hand: what it shows, the address of Lua's text for it, and whether the record still has the key.
    const Cell* cell;
    const char* text;
    bool is_back;
  };
  /// A key by the address of its name's string, which is kept alive: the names of shown keys lie on the stack.
  struct Name {
    const char* address = nullptr;
    KeyId id = no_key;
    int shown = -1;
  };
  static constexpr size_t name_slots = 512;
  static constexpr size_t longest_interned = 40;  // LUAI_MAXSHORTLEN
  static constexpr const char* names_key = "stook.names";
  struct Change {
    KeyId id;
    bool is_removal;
    Cell cell;
  };

  void begin() override;
  static int loop(lua_State* raw);

  int name_at(size_t i) const { return first_name_ + static_cast<int>(i); }
  int memo_at(size_t i) const { return first_name_ + static_cast<int>(shown_.size() + i * TypedRead::memos); }
  const Cell* shown_cell(const Shown& shown, Row row) const;
  int64_t time_of(Row row);
  void push_tag(lua_State* raw, Row row);
  void push_time(lua_State* raw);
  void push_record(lua_State* raw, Row row);
  void push_metadata(lua_State* raw, Row row);
  void take_answer(lua_State* raw, int first);
  void take_time(lua_State* raw, int index);
  void take_record(lua_State* raw, int index);
  void read_record(lua_State* raw, int index);
  void read_pair(lua_State* raw, Shown& shown);
  const Name* find_name(lua_State* raw, int index);
  void learn_name(const char* address, KeyId id, int shown);
  void read_new_keys(lua_State* raw, int index, int list, lua_Integer count);
  void make_further(lua_State* raw, int index);
  void coerce(lua_State* raw, int index, int depth);
  void store();

  CallWays ways_;
  bool has_metadata_;
  std::vector<Shown> shown_;
  std::vector<Name> names_;
  size_t names_known_ = 0;
  Name found_;
  size_t shows_ = 0;  // how many keys the row at hand shows
  std::vector<KeyId> tag_ids_;
  std::vector<Change> changes_;
  Payload tag_;
  std::string last_tag_;
  bool has_last_tag_ = false;
  int first_name_ = 0;
  KeyId time_id_ = no_key;
  bool has_time_ = false;  // the row at hand has one
  int64_t time_ = 0;
  bool is_time_new_ = false;
};

}  // namespace stook
