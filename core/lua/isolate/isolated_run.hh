// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. One life of a source's script in a process of its own, as stook sees it. Room: the source's front.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/api/child.hh"
#include "core/api/plugin.hh"
#include "core/lua/agent/run.hh"
#include "core/lua/isolate/brief.hh"
#include "core/lua/isolate/relayed_log.hh"
#include "core/lua/isolate/slips.hh"

namespace stook {

/// stook's own program, started once more with this as its first word, is such a process.
inline constexpr const char* isolated_word = "--isolated-script";

/// Rows and text come from a data pipe, commands go into a control pipe, and what the process logs comes from a third.
/// *Invariants:* its owner is told of the end once: when the process has ended, and all that it sent has become rows.
/// *Rooms:* its source's front.
class IsolatedRun final : public ScriptLife {
 public:
  /// How long the script has to end by itself once it is asked to, and its process after SIGTERM.
  static constexpr int64_t grace = 1'000'000'000;

  /// `keys`: of source_keys.
  IsolatedRun(Feed& feed, ScriptBrief brief, const std::vector<Key>& keys, Tokens& tokens, ScriptOwner& owner);
  ~IsolatedRun() override { end_watching(); }

  void start() override ROOM(front);
  void pause() override ROOM(front);
  void resume() override ROOM(front);
  bool end() override ROOM(front);
  /// Kills the process. Rows that nobody has taken are counted as `pool`.
  void stop() override ROOM(front);
  void acknowledged() override ROOM(front);

 private:
  static constexpr size_t read_size = 64 * 1024;
  static constexpr size_t margin = 1 << 20;  // what a slip may have beyond the script's memory

  void launch() ROOM(front);
  void on_data() ROOM(front);
  void on_log() ROOM(front);
  void on_child() ROOM(front);
  void on_control() ROOM(front);
  void on_grace() ROOM(front);
  bool read() ROOM(front);
  bool take_all() ROOM(front);
  bool take(const Slip& slip) ROOM(front);
  bool take_torn() ROOM(front);
  bool take_rows() ROOM(front);
  bool put_row(Bundle& bundle) ROOM(front);
  void go_wrong(std::string_view what) ROOM(front);
  void say_words() ROOM(front);
  void send() ROOM(front);
  void arm() ROOM(front);
  void settle() ROOM(front);
  uint64_t abandon() ROOM(front);
  void begin_grace() ROOM(front);
  void end_watching() ROOM(front);

  Feed& feed_;
  ScriptBrief brief_;
  const std::vector<Key>& keys_;
  Tokens& tokens_;
  ScriptOwner& owner_;
  Child child_;
  Fd data_;
  Fd control_;
  RelayedLog log_;
  Watcher data_watch_;
  Watcher log_watch_;
  Watcher child_watch_;
  Watcher control_watch_;
  Watcher grace_watch_;
  std::unique_ptr<char[]> bytes_;
  SlipCutter cutter_;
  SlipRows rows_;  // of the slip at hand that found no room
  WrittenRows written_;
  std::vector<std::pair<size_t, Cell>> cells_;
  SlipBatch words_;
  Told told_;
  size_t time_;
  std::string message_;
  int64_t line_ = 0;
  enum class Verdict : uint8_t { None, Failed, Ended };
  Verdict verdict_ = Verdict::None;
  bool is_paused_ = false;
  Ending ending_;
  bool has_gone_ = false;     // the process has ended, and is taken away
  bool is_at_end_ = false;    // of the data pipe
  bool is_torn_ = false;      // what is at hand was cut short by that
  bool is_ending_ = false;    // it was asked to
  bool was_termed_ = false;   // as it did not
  bool was_killed_ = false;   // as it still did not
  bool has_settled_ = false;  // its owner was told
};

}  // namespace stook
