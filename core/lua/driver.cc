// SPDX-License-Identifier: Apache-2.0
#include "core/lua/driver.hh"

#include <lua.hpp>
#include <string>
#include <utility>

#include "core/base/clock.hh"
#include "core/base/text.hh"
#include "core/lua/batch_form.hh"
#include "core/lua/call_form.hh"
#include "core/lua/fault_texts.hh"
#include "core/lua/library/kept_values.hh"
#include "core/lua/manifest.hh"
#include "core/lua/positional.hh"
#include "core/lua/record.hh"
#include "core/lua/state.hh"
#include "core/lua/verbs.hh"

namespace stook {

std::unique_ptr<Driver> Driver::make(const Script& script, const LuaLimits& limits, std::string_view instance,
                                     const CallWays& ways, bool retries) {
  std::unique_ptr<LuaState> state = script.start(limits, instance);
  const Manifest& manifest = script.manifest();
  switch (manifest.form) {
    case Form::Record:
      return std::make_unique<RecordDriver>(std::move(state));
    case Form::Positional:
      return std::make_unique<PositionalDriver>(std::move(state), manifest);
    case Form::Batch:
      return std::make_unique<BatchDriver>(std::move(state), manifest, retries);
    case Form::Call:
      return std::make_unique<CallDriver>(std::move(state), manifest, ways);
    case Form::Source:
    case Form::Sink:
    case Form::Codec:
      break;
  }
  return nullptr;
}

Driver::Driver(std::unique_ptr<LuaState> state, Loop loop)
    : held_(state->heap().limit()), state_(std::move(state)), loop_(loop) {
  state_->driver = this;
}
Driver::~Driver() = default;

void Driver::open(Batch& batch) {
  batch_ = &batch;
  at_ = 0;
  drops_ = false;
  holds_ = false;
  fails_ = false;
  is_making_ = false;
  made_before_ = 0;
  dropped_.reset();
  state_->may_store = state_->heap().limit();
  if (has_kept_values.load(std::memory_order_relaxed)) {
    KeptJournal::of_thread().open();
  }
  begin();
}

void Driver::run(Batch& batch) {
  if (batch.rows().is_empty()) {
    return;
  }
  open(batch);
  Watched& watch = state_->watch();
  watch.enter();
  size_t begun = at_;
  while (!breaker_.is_open() && has_row() && !state_->call(loop_, this)) {
    if (!has_row()) {
      break;
    }
    take_back();
    note_fault(state_->error());
    judge(at_ > begun);
    fail();
    begun = at_;
    watch.recover();
  }
  if (at_ > begun) {
    breaker_.well();
  }
  if (breaker_.is_open() && has_row()) {
    note_fault(breaker_.why());
  }
  while (breaker_.is_open() && has_row()) {
    faulted_.set(row());
    at_++;
  }
  if (held_.has_forgotten()) {
    let_go(held_.take_forgotten());
  }
  watch.leave();
  close();
}

// COLD: why the rows fail that are named next.
void Driver::note_fault(std::string_view why) {
  FaultTexts& texts = FaultTexts::of_thread();
  if (!std::exchange(fails_, true)) {
    texts.begin(state_->instance(), batch_->bundle());
  }
  texts.add(faulted_.count(), why);
}

// COLD: rows that the script kept go on.
void Driver::let_go(const std::vector<HeldRow*>& rows) {
  for (HeldRow* held : rows) {
    if (!state_->call(RowVerbs::let_go_protected, held)) {
      tell(-1);
      state_->watch().recover();
      held_.undo();
    }
    settle();
  }
}

// COLD: the row at hand failed; `went_well`: rows before it did not.
void Driver::judge(bool went_well) {
  if (went_well) {
    breaker_.well();
  }
  breaker_.fail(state_->watch().is_over(), monotonic_ns());
}

void Driver::fail() {
  tell(row());
  faulted_.set(row());
  at_++;
}

// The call at hand is done: what it asked for holds.
void Driver::settle() {
  is_making_ = false;
  made_before_ = made_.size();
  held_.commit(*batch_, [this](Row row) {
    taken_.set(row);
    holds_ = true;
  });
}

// The call at hand failed: nothing of it holds.
void Driver::take_back() {
  undo();
  if (is_making_) {
    is_making_ = false;
    made_.cut(made_before_);
    held_.undo();
  }
}

void Driver::close() {
  end();
  if (drops_) {
    batch_->keep_if([this](Row row) { return taken_[row] || !dropped_[row]; });
  }
  if (holds_) {
    batch_->take_if([this](Row row) { return taken_[row]; });
    taken_.reset();
  }
  if (made_.size() > 0) {
    made_.place(*batch_, faulted_);
  } else if (fails_) {
    for (Row row : batch_->rows()) {
      if (faulted_[row]) {
        batch_->fault(row);
      }
    }
  }
  if (fails_) {
    faulted_.reset();
  }
  held_.finish(*batch_);
  if (has_kept_values.load(std::memory_order_relaxed)) {
    KeptJournal::of_thread().close(batch_->bundle().receipt);
  }
  batch_ = nullptr;
}

namespace {
struct TickCall {
  int64_t now;
  bool is_last;
};

// RAISES.
int call_tick(lua_State* raw) {
  const TickCall& tick = *static_cast<const TickCall*>(lua_touserdata(raw, 1));
  if (lua_getfield(raw, LUA_REGISTRYINDEX, Script::tick_key) == LUA_TFUNCTION) {
    lua_pushinteger(raw, tick.now);
    lua_pushcfunction(raw, RowVerbs::emit);
    lua_pushboolean(raw, tick.is_last ? 1 : 0);
    lua_call(raw, 3, 0);
  }
  return 0;
}

int call_stop(lua_State* raw) {
  if (lua_getfield(raw, LUA_REGISTRYINDEX, Script::stop_key) == LUA_TFUNCTION) {
    lua_call(raw, 0, 0);
  }
  return 0;
}
}  // namespace

void Driver::tick(Batch& batch, bool is_last) {
  if (breaker_.is_open() && !is_last) {
    return;
  }
  open(batch);
  at_ = batch.rows().size();
  Watched& watch = state_->watch();
  TickCall what{wall_ns(), is_last};
  watch.enter();
  if (state_->call(call_tick, &what)) {
    settle();
  } else {
    take_back();
    tell(-1);
    watch.recover();
    batch.meter().faults.add(1);
  }
  if (is_last || held_.has_forgotten()) {
    let_go(is_last ? held_.kept() : held_.take_forgotten());
  }
  watch.leave();
  close();
}

void Driver::stop() {
  Watched& watch = state_->watch();
  watch.enter();
  if (!state_->call(call_stop, this)) {
    tell(-1);
    watch.recover();
  }
  watch.leave();
}

void Driver::tell(int row) {
  bool is_killed = state_->watch().is_over();
  if (auto pass = limit_.pass()) {
    std::string message = state_->error();
    int64_t line = state_->take_line(message);
    Fields fields;
    fields("instance", state_->instance())("script", state_->script())("line", line);
    if (row >= 0) {
      fields("row", static_cast<uint64_t>(row));
    }
    if (batch_ != nullptr && batch_->bundle().rows() > 0) {
      fields("rows", uint64_t{batch_->bundle().rows()});
    }
    fields("message", message);
    if (pass.suppressed > 0) {
      fields("suppressed", pass.suppressed);
    }
    log_event(Level::Warning, is_killed ? "script_killed" : "script_error", fields);
  }
}

// RAISES.
Row Driver::held_at(lua_State* raw, int) const {
  if (!has_row()) {
    luaL_error(raw, "hold is called where there is no row");
  }
  return row();
}

}  // namespace stook
