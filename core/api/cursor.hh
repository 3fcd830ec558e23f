// SPDX-License-Identifier: Apache-2.0
/// Floor 2. How far a source has been delivered whose place is one text, such as journald's cursor. Room: its front.
///
/// Format, text:
///
///     stook-pos 1 <generation>
///     cursor <the text>
///     end 1 <crc32c>
///
/// as in positions.hh: the checksum is hex and covers all before the `end` line, and files are replaced and kept in the
/// same way. The text has no newline.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "core/api/source.hh"

namespace stook {

/// Keeps the newest cursor that has been acknowledged, and writes it at most once a second.
/// *Rooms:* its source's front.
class CursorFile {
 public:
  /// An empty name: nothing is kept. `id`: of the instance, for the log.
  CursorFile(std::string file, std::string_view id) : file_(std::move(file)), id_(id) {}

  /// Who counts failures to write it.
  void count_by(Feed& feed) ROOM(front) { feed_ = &feed; }
  /// Reads what is there. Throws SetupError when files are there and none of them is whole.
  void load();
  /// Empty: nothing was kept.
  const std::string& cursor() const { return cursor_; }
  bool is_kept() const { return !file_.empty(); }

  /// Everything up to this cursor has been fed; the number is what Feed::mark is told as position. Numbers grow.
  void fed(uint64_t number, std::string cursor) ROOM(front);
  /// All up to this number has been delivered.
  void delivered(Loop& loop, uint64_t number) ROOM(front);
  /// Writes what is new.
  void save() ROOM(front);

 private:
  struct Fed {
    uint64_t number;
    std::string cursor;
  };
  std::string file_;
  std::string id_;
  Feed* feed_ = nullptr;
  std::string cursor_;
  std::deque<Fed> fed_;
  uint64_t generation_ = 0;
  bool is_dirty_ = false;
  Watcher timer_;
};

/// The text of the format above, and what it says; false: it is damaged.
std::string show_cursor(std::string_view cursor, uint64_t generation);
[[nodiscard]] bool read_cursor(std::string_view text, std::string& cursor, uint64_t& generation);

}  // namespace stook
