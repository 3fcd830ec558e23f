// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The feed of a script in a process of its own: rows, text and positions go into a pipe. Room: the front of
/// that process.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/api/source.hh"
#include "core/base/fd.hh"
#include "core/lua/agent/run.hh"
#include "core/lua/isolate/slips.hh"

namespace stook {

/// *Invariants:* rows that are not sent yet hold little more than `most` bytes. *Rooms:* the front.
class PipedFeed final : public Feed {
 public:
  static constexpr size_t most = 256 * 1024;

  /// `pipe`: one that does not block. `keys`: how many the rows have.
  PipedFeed(Loop& loop, Fd pipe, std::string id, size_t keys);

  /// Whose rows they are; null: nobody's any more.
  void belong_to(ScriptLife* life) ROOM(front) { life_ = life; }
  /// The script is over: what is left is sent, then the loop stops.
  void end() ROOM(front);
  /// All is sent, or nobody is there to read it.
  bool is_done() const ROOM(front) { return is_done_; }
  /// Sends a slip of another kind, behind all rows so far.
  void tell(SlipKind kind, std::string_view bytes = {}) ROOM(front);
  void add_text(std::string_view text) ROOM(front);
  /// False: the pipe is full, and the script is paused.
  [[nodiscard]] bool has_room() ROOM(front);

  void mark(uint64_t, uint64_t, uint64_t) override {}
  void seal() override ROOM(front);
  void finish() override {}
  void lose(Loss, uint64_t) override {}
  void count_bytes(uint64_t) override {}
  Loop& loop() override { return loop_; }
  std::string_view id() const override { return id_; }

 private:
  Bundle* next_bundle(size_t lane) override ROOM(front);
  void pack() ROOM(front);
  void send() ROOM(front);
  void on_writable() ROOM(front);
  void be_done() ROOM(front) {
    is_done_ = true;
    loop_.stop();
  }

  Loop& loop_;
  Fd pipe_;
  std::string id_;
  Bundle bundle_;
  std::vector<KeyId> keys_;
  SlipBatch slips_;
  Watcher watch_;
  ScriptLife* life_ = nullptr;
  bool is_paused_ = false;
  bool is_ending_ = false;
  bool is_done_ = false;
};

/// `write` of the script. *Rooms:* the front.
class PipedText final : public WrittenText {
 public:
  explicit PipedText(PipedFeed& feed) : feed_(feed) {}
  void add(std::string_view text) override ROOM(front) { feed_.add_text(text); }
  [[nodiscard]] bool drain() override ROOM(front) { return feed_.has_room(); }
  void end() override ROOM(front) {}

 private:
  PipedFeed& feed_;
};

/// `commit` of the script. *Rooms:* the front.
class PipedTokens final : public Tokens {
 public:
  PipedTokens(PipedFeed& feed, std::string token) : Tokens(std::string()), feed_(feed) { newest_ = std::move(token); }
  void begin_bundle(Feed&) override ROOM(front) {}
  void commit(std::string_view token) override ROOM(front) {
    newest_ = token;
    feed_.tell(SlipKind::Commit, token);
  }

 private:
  PipedFeed& feed_;
};

}  // namespace stook
