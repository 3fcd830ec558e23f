// SPDX-License-Identifier: Apache-2.0
/// One file that is followed, and how a place in it is written as one number. Room: the source's front.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/api/identity.hh"
#include "core/base/fd.hh"
#include "sources/lines.hh"
#include "sources/tail/packed.hh"

namespace stook {

/// A place in a file and what stands there, as the position of a mark: the offset, and in the two highest bits whether
/// the rest of a long line or the rest of a line handed on without its newline follows. Places are ordered by offset.
struct LinePlace {
  static constexpr uint64_t skipping = 1;
  static constexpr uint64_t partial = 2;
  uint64_t offset = 0;
  uint64_t line = 0;

  static LinePlace of(const LineState& state) {
    return {state.position, state.is_skipping ? skipping : state.is_after_partial ? partial : 0};
  }
  static LinePlace of_mark(uint64_t mark) { return {mark & (UINT64_MAX >> 2), mark >> 62}; }
  uint64_t mark() const { return offset | line << 62; }
  LineState state() const { return {offset, line == skipping, line == partial}; }
  friend bool operator==(const LinePlace&, const LinePlace&) = default;
};

/// One file that is followed.
struct Tailed {
  /// What rows say: where it was found, or where it was before it was renamed.
  std::string path;
  /// Where it is now, when that is not `path`; empty: at `path`, or nowhere.
  std::string moved_to;
  /// None while others need the descriptor more.
  Fd fd;
  /// Its place among the open ones.
  std::list<Tailed*>::iterator turn;
  Inode inode;
  /// How often it was truncated.
  uint64_t lives = 0;
  /// The file and the life that it is a copy of: its rows have the ids of those.
  std::optional<std::pair<Inode, uint64_t>> copy_of;
  /// Changes when it is truncated, so that what is acknowledged for its former content is not taken for the new one.
  uint64_t stream = 0;
  LineState state;
  /// It is compressed: offsets are of what it inflates to.
  std::unique_ptr<Packed> packed;
  /// Of the first bytes read, up to 1024, and of those before state.position.
  Fingerprint head;
  Fingerprint marker;
  HeadCheck head_check;
  /// Everything before is delivered.
  LinePlace acknowledged;
  /// `acknowledged` is to be written down.
  bool is_dirty = false;
  int watch = -1;
  uint32_t owner = 0;
  /// The sweep that found it last.
  uint64_t seen = 0;
  /// Its changes are seen by polling only.
  bool is_polled = false;
  /// No path of the patterns leads to it any more, or it is read once only: when it is read to its end it is closed.
  bool is_away = false;
  bool is_ready = false;
  bool is_waiting = false;
  /// It has bytes behind its last newline, seen first at this time (ns, monotonic); 0: none.
  int64_t partial_since = 0;
  int64_t last_growth = 0;
  /// It is away and has been read to its end: it is let go by then, though it grows; 0: not yet.
  int64_t linger_end = 0;
  /// It has appeared and nothing of it has been read: it may turn out to be a copy of another file.
  bool is_fresh = false;
  /// Its name is that of a rotated log, and it was never seen before that: when it is a copy it is not read.
  bool is_unseen = false;
  /// What it was before it was truncated last.
  Identity former;
  /// It looks like such a copy; it is read as a file of its own when that has not been truncated by then.
  int64_t held_until = 0;
  off_t held_size = 0;
  /// Read only when this one has been read to its end; and how many it waits for itself.
  Tailed* successor = nullptr;
  size_t waits_for = 0;

  const std::string& where() const { return moved_to.empty() ? path : moved_to; }
  Identity identity() const { return {inode, head, marker, state.position}; }
};

}  // namespace stook
