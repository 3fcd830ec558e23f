// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The batch form: `batch(b)` is called once for all rows of a bundle.
#pragma once

#include <lua.hpp>
#include <memory>
#include <vector>

#include "core/lua/driver.hh"
#include "core/lua/manifest.hh"
#include "core/lua/record_view.hh"
#include "core/lua/typed.hh"

namespace stook {

/// `b` is a table with `n` and the functions column, put, keep, drop and row. Rows that lack a read without '?' go on as they
/// are and are not in it. What the script puts and drops is stored when its call is done.
/// A call that raises costs all rows of its bundle. A script that remembers nothing is called again for each row by
/// itself, so that it costs the row that is to blame.
class BatchDriver final : public Driver {
 public:
  /// `retries`: the script remembers nothing.
  BatchDriver(std::unique_ptr<LuaState> state, const Manifest& manifest, bool retries);

 private:
  struct Put {
    Type type;
    KeyId id;
    bool is_set;
    Column cells;
  };

  void begin() override;
  void undo() override;
  void fail() override;
  void end() override { view_.close(); }
  Row made_at() const override;
  Row held_at(lua_State* raw, int index) const override;
  bool is_view(lua_State* raw, int index, Row& row) const override;

  static int open(lua_State* raw);
  static int loop(lua_State* raw);
  static int column(lua_State* raw);
  static int put(lua_State* raw);
  static int keep(lua_State* raw);
  static int drop_at(lua_State* raw);
  static int row_at(lua_State* raw);
  static BatchDriver& of(lua_State* raw);
  static size_t number_at(lua_State* raw, int index, size_t count, const char* otherwise);

  size_t stop_at() const;
  void find_rows();
  bool sees(Row row) const;
  Row seen_row(lua_State* raw, int index) const;
  void store();

  std::vector<TypedRead> reads_;
  std::vector<Put> puts_;
  std::vector<KeyId> removes_;
  std::vector<std::string> remove_names_;
  RecordView view_;
  bool retries_;
  bool is_single_ = false;  // one row at a time, after an error
  /// The rows that the call at hand sees, and those of them that it drops.
  std::vector<Row> rows_;
  MadeRows::Marks drops_now_;
};

}  // namespace stook
