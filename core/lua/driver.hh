// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Runs a script over the rows of a batch: one protected call for all rows, errors row by row.
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/base/log.hh"
#include "core/base/room.hh"
#include "core/data/batch.hh"
#include "core/lua/breaker.hh"
#include "core/lua/held_rows.hh"
#include "core/lua/made_rows.hh"

struct lua_State;

namespace stook {

class LuaState;
class Script;
struct CallWays;
struct LuaLimits;

/// One replica of a script. A row whose call raises is put back as it was and named by batch.fault, what the call made,
/// held or let go of is undone; the next row goes on. When the script is hopeless it is not called any more.
/// *Invariants:* between two runs no Lua code is on the stack. *Rooms:* that of its element.
class Driver {
 public:
  /// The driver for the script's form. Throws std::invalid_argument when its set-up fails.
  /// `ways`: for the form of fluent-bit's scripts. `retries`: the script remembers nothing, so that it may be called again.
  static std::unique_ptr<Driver> make(const Script& script, const LuaLimits& limits, std::string_view instance,
                                      const CallWays& ways, bool retries);
  virtual ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Calls the script for each selected row; rows that it drops leave the selection.
  void run(Batch& batch) ROOM(worker);
  /// Calls the script's tick, if it has one. `is_last`: what it still holds goes on.
  void tick(Batch& batch, bool is_last) ROOM(worker);
  /// Rows that found no room in the bundle, and their way into the next round (Filter::waiting, Filter::more).
  size_t waiting() const { return made_.waiting(); }
  void more(Batch& batch) ROOM(worker) { made_.fill(batch); }
  /// Calls the script's stop, if it has one. Afterwards nothing is called any more.
  void stop() ROOM(worker);

  const LuaState& state() const { return *state_; }
  /// Why the script is not called any more, and its rows fail; empty: it is.
  std::string_view gave_up() const { return breaker_.why(); }

 protected:
  using Loop = int (*)(lua_State*);
  /// `loop` is called protected with the driver as light userdata. It handles the rows from `next_row` on.
  Driver(std::unique_ptr<LuaState> state, Loop loop);

  /// Before the first row of a batch.
  virtual void begin() {}
  /// After the call at hand raised: takes back what was stored by it.
  virtual void undo() {}
  /// Says which rows have failed with the call at hand, and goes to the row behind them.
  virtual void fail();
  /// After the last row.
  virtual void end() {}

  static constexpr Row behind_all = 0xffff;
  /// The row behind which a row stands that is made now.
  virtual Row made_at() const { return has_row() ? row() : behind_all; }
  /// The row that hold() with the arguments from `index` on means. RAISES when there is none.
  virtual Row held_at(lua_State* raw, int index) const;
  /// Whether the value is a view of a row of the batch, and of which.
  virtual bool is_view(lua_State*, int /*index*/, Row& /*row*/) const { return false; }

  bool has_row() const { return at_ < batch_->rows().size(); }
  Row row() const { return batch_->rows()[at_]; }
  void next_row() {
    if (is_making_) {
      settle();
    }
    at_++;
  }
  void drop() { drop(row()); }
  void drop(Row row) {
    dropped_.set(row);
    drops_ = true;
  }
  /// COLD: logs the error of the call at hand. `row`: -1 when it is that of no single row.
  void tell(int row);

  HeldRows held_;  // outlives the state, whose handles name its rows
  std::unique_ptr<LuaState> state_;
  Batch* batch_ = nullptr;
  size_t at_ = 0;
  MadeRows::Marks faulted_;

 private:
  friend struct RowVerbs;
  void open(Batch& batch);
  void close();
  void settle();
  void take_back();
  void let_go(const std::vector<HeldRow*>& rows);
  void judge(bool went_well);
  void note_fault(std::string_view why);

  Loop loop_;
  Breaker breaker_;
  bool drops_ = false;
  bool holds_ = false;
  bool fails_ = false;
  bool is_making_ = false;  // the call at hand made, held or let go of rows
  size_t made_before_ = 0;  // how many rows were made before it
  MadeRows::Marks dropped_;
  MadeRows::Marks taken_;
  MadeRows made_;
  LogLimit limit_;
};

}  // namespace stook
