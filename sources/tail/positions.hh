// SPDX-License-Identifier: Apache-2.0
/// The position file: how far each tailed file has been delivered. Room: the source's front.
///
/// Format, text, one item a line, items separated by one blank:
///
///     stook-pos 1 <generation>
///     file <device> <inode> <inode generation> <offset> <head length> <head hash> <marker length> <marker hash> <seen> <path>
///     …
///     end <lines> <crc32c>
///
/// Numbers are decimal, hashes and the checksum hex without prefix. <generation> grows by one with each writing. <seen> is
/// the second since 1970 at which the file was last there. <path> is for people; bytes outside printable ASCII, blanks and
/// backslashes are written as \xNN. <lines> counts the `file` lines; the checksum covers all bytes before the `end` line.
///
/// Writing: all of it into `<name>.new` (0600), fdatasync; the present file is linked as `<name>.old`; `.new` is renamed
/// over it; the folder is synced. Whatever fails, the present file stays as it is. Loading: of `<name>`, `.old` and `.new`
/// the one of the highest generation whose `end` line holds.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "sources/tail/identity.hh"

namespace stook {

/// One line of the file.
struct Position {
  Identity identity;
  int64_t seen = 0;
  std::string path;
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
  std::map<Inode, Position> by_inode;

 private:
  bool fail(const char* what, const std::string& path);

  std::string file_;
  std::string reason_;
  uint64_t generation_ = 0;
  bool was_there_ = false;
};

/// The text of the format above.
std::string show_positions(const std::map<Inode, Position>& positions, uint64_t generation);
/// Reads it back; false: `line` is the first line that is wrong, counted from 1, 0 when the end is missing.
[[nodiscard]] bool read_positions(std::string_view text, std::map<Inode, Position>& positions, uint64_t& generation,
                                  int& line);

}  // namespace stook
