// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The tokens that a source's script commits: which of them are final, and the file in which the last one is
/// kept. Room: the source's front.
///
/// Format of the file, two lines: `stook-token 1 <crc32c>`, the checksum in hex over the second line without its newline;
/// and the token as JSON. Written as kept_text.hh says; when the file is not whole, its `.old` counts.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "core/api/source.hh"

namespace stook {

/// A token stands for all rows fed before it. It is final once the bundles of these are.
/// *Invariants:* pending_ ascends; two tokens behind the same bundle are one, the later.
/// *Rooms:* its source's front.
class Tokens {
 public:
  /// An empty name: nothing is kept.
  explicit Tokens(std::string file) : file_(std::move(file)) {}
  virtual ~Tokens() = default;

  /// Reads what is there. Throws SetupError when a file is there and neither it nor its `.old` is whole.
  void load();
  /// The first row of a new bundle is about to be put.
  virtual void begin_bundle(Feed& feed) ROOM(front) { feed.mark(1, ++begun_); }
  /// All rows put so far are behind this token.
  virtual void commit(std::string_view token) ROOM(front);
  void acknowledged(std::span<const Mark> marks) ROOM(front);

  /// What a script goes on with in this process: the last token that was committed; empty: none.
  const std::string& newest() const { return newest_; }
  /// The last token that is final; empty: none.
  const std::string& final_one() const { return final_; }
  /// Whether the file is behind.
  bool wants_save() const { return is_dirty_ && !file_.empty(); }
  /// Replaces the file. Empty, or what failed: then it is as it was.
  std::string save() ROOM(front);

 protected:
  std::string newest_;

 private:
  struct Pending {
    uint64_t behind;
    std::string token;
  };
  void settle() ROOM(front);

  std::string file_;
  std::string final_;
  std::deque<Pending> pending_;
  uint64_t begun_ = 0;
  uint64_t settled_ = 0;
  bool is_dirty_ = false;
};

}  // namespace stook
