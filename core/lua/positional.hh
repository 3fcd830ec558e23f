// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The positional form: cells as arguments of `row`, its results as cells.
#pragma once

#include <lua.hpp>
#include <memory>
#include <vector>

#include "core/lua/driver.hh"
#include "core/lua/manifest.hh"
#include "core/lua/typed.hh"

namespace stook {

/// Arguments are the declared reads in order, results the word on the row and then the declared writes in order.
/// A row that lacks a read without '?' goes on as it is. Nothing of a row is stored before all its results are right.
class PositionalDriver final : public Driver {
 public:
  PositionalDriver(std::unique_ptr<LuaState> state, const Manifest& manifest);

 private:
  struct Result {
    Type type;
    KeyId id;
    bool is_set;
    Cell cell;
    TakenText taken;
  };

  void begin() override;
  static int loop(lua_State* raw);
  bool push_arguments(lua_State* raw, Row row);
  void take_results(lua_State* raw, int first);
  Cell take(lua_State* raw, int index, size_t j, const Cell* old);

  std::vector<TypedRead> reads_;
  std::vector<Result> results_;
  std::vector<KeyId> removes_;
  std::vector<std::string> remove_names_;
};

}  // namespace stook
