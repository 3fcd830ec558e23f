// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The record form: `filter(rec)`, where rec looks at the row at hand.
#pragma once

#include <lua.hpp>
#include <memory>

#include "core/lua/driver.hh"
#include "core/lua/record_view.hh"

namespace stook {

class RecordDriver final : public Driver {
 public:
  explicit RecordDriver(std::unique_ptr<LuaState> state);

 private:
  void begin() override { view_.begin(*batch_); }
  void undo() override { view_.undo(); }
  void end() override { view_.close(); }
  bool is_view(lua_State* raw, int index, Row& row) const override;
  static int loop(lua_State* raw);

  RecordView view_;
};

}  // namespace stook
