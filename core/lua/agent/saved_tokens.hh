// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. When the tokens of a source's script are written to their file. Room: the source's front.
#pragma once

#include <span>
#include <string>

#include "core/api/source.hh"
#include "core/base/log.hh"
#include "core/lua/agent/tokens.hh"

namespace stook {

/// Writes at most once a second, and again each second while that fails. *Rooms:* its source's front.
class SavedTokens {
 public:
  explicit SavedTokens(std::string file) : tokens_(std::move(file)) {}

  /// Reads what is there. Throws SetupError.
  void open(Feed& feed) ROOM(front) {
    feed_ = &feed;
    tokens_.load();
  }
  Tokens& tokens() { return tokens_; }
  void acknowledged(std::span<const Mark> marks) ROOM(front) {
    tokens_.acknowledged(marks);
    plan();
  }
  /// There may be something to write.
  void plan() ROOM(front);
  /// Writes it now; failed attempts are not repeated any more.
  void close() ROOM(front);

 private:
  void save() ROOM(front);

  Tokens tokens_;
  Feed* feed_ = nullptr;
  Watcher watch_;
  LogLimit limit_;
  bool is_closed_ = false;
};

}  // namespace stook
