// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Runs a script over the rows of a batch: one protected call for all rows, errors row by row.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/base/log.hh"
#include "core/base/room.hh"
#include "core/data/batch.hh"

struct lua_State;

namespace stook {

class LuaState;
class Script;
struct LuaLimits;

/// One replica of a script. A row whose call raises is put back as it was and named by batch.fault; the next row goes on.
/// *Invariants:* between two runs no Lua code is on the stack. *Rooms:* that of its element.
class Driver {
 public:
  /// The driver for the script's form. Throws std::invalid_argument when its set-up fails.
  static std::unique_ptr<Driver> make(const Script& script, const LuaLimits& limits, std::string_view instance);
  virtual ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Calls the script for each selected row; rows that it drops leave the selection.
  void run(Batch& batch) ROOM(worker);

  const LuaState& state() const { return *state_; }

 protected:
  using Loop = int (*)(lua_State*);
  /// `loop` is called protected with the driver as light userdata. It handles the rows from `next_row` on.
  Driver(std::unique_ptr<LuaState> state, Loop loop);

  /// Before the first row of a batch.
  virtual void begin() {}
  /// After the row at hand raised: takes back what was stored of it.
  virtual void undo() {}
  /// After the last row.
  virtual void end() {}

  bool has_row() const { return at_ < batch_->rows().size(); }
  Row row() const { return batch_->rows()[at_]; }
  void next_row() { at_++; }
  void drop() {
    is_dropped_[row() >> 6] |= uint64_t{1} << (row() & 63);
    drops_ = true;
  }

  std::unique_ptr<LuaState> state_;
  Batch* batch_ = nullptr;

 private:
  void tell();

  Loop loop_;
  size_t at_ = 0;
  bool drops_ = false;
  uint64_t is_dropped_[Column::max_rows / 64] = {};
  LogLimit limit_;
};

}  // namespace stook
