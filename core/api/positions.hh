// SPDX-License-Identifier: Apache-2.0
/// Floor 2. The position file: how far each followed file has been delivered. Room: the source's front.
///
/// Format, text, one item a line, items separated by one blank:
///
///     stook-pos 1 <generation> [end]
///     file <device> <inode> <inode generation> <lives> <offset> <line> <head length> <head hash> <marker length>
///          <marker hash> <seen> <path>                                             (one line)
///     …
///     end <lines> <crc32c>
///
/// Numbers are decimal, hashes and the checksum hex without prefix. <generation> grows by one with each writing. `end`:
/// files that are there at the next start and not listed are entered at their end, else at 0. <lives> counts how often
/// the file was truncated. <line> is 0 when a line begins at <offset>, 1 within a line that is too long and skipped, 2
/// behind the first part of a line that was handed on without its newline. <seen> is the second since 1970 at which the
/// file was last there. <path> is for people; bytes outside printable ASCII, blanks and
/// backslashes are written as \xNN. <lines> counts the `file` lines; the checksum covers all bytes before the `end` line.
///
/// Writing: as kept_text.hh says. Whatever fails, the present file stays as it is. Loading: of `<name>`, `.old` and `.new`
/// the one of the highest generation whose `end` line holds.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/api/identity.hh"

namespace stook {

/// One line of the file.
struct Position {
  Identity identity;
  int64_t seen = 0;
  std::string path;
  uint64_t lives = 0;
  uint64_t line = 0;
};

/// Positions by inode, and the file they are kept in.
class Positions {
 public:
  /// Positions of files that were not seen for so long are left out.
  static constexpr int64_t kept_seconds = 7 * 24 * 3600;

  /// An empty name: nothing is kept.
  explicit Positions(std::string file) : file_(std::move(file)) {}

  /// Reads what is there. Throws SetupError when files are there and none of them is whole.
  void load();
  /// Writes all positions; false: `reason` says what failed, the file on disk is the former one.
  [[nodiscard]] bool save(int64_t now_seconds);
  const std::string& reason() const { return reason_; }

  bool is_kept() const { return !file_.empty(); }
  /// Whether there was a file to load: this is no first start.
  bool was_there() const { return was_there_; }
  /// When that file was written, in seconds since 1970; what was made later is new to it.
  int64_t written() const { return written_; }
  std::map<Inode, Position> by_inode;
  /// The next start enters unknown files at their end.
  bool enters_at_end = false;

 private:
  std::string file_;
  std::string reason_;
  uint64_t generation_ = 0;
  int64_t written_ = 0;
  bool was_there_ = false;
};

/// What a position file says.
struct PositionText {
  std::map<Inode, Position> by_inode;
  uint64_t generation = 0;
  bool enters_at_end = false;
};

/// The text of the format above.
std::string show_positions(const std::map<Inode, Position>& positions, uint64_t generation, bool enters_at_end = false);
/// Reads it back; false: `line` is the first line that is wrong, counted from 1, 0 when the end is missing.
[[nodiscard]] bool read_positions(std::string_view text, PositionText& found, int& line);

}  // namespace stook
