// SPDX-License-Identifier: Apache-2.0
/// The files that tail follows: found by pattern, known by inode, remembered by position. Nothing is read here.
/// Room: the source's front.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/fd.hh"
#include "sources/glob.hh"
#include "sources/lines.hh"
#include "sources/tail/positions.hh"
#include "sources/tail/watch.hh"

namespace stook {

/// One file that is followed. Its stream number changes when it is truncated, so that what is acknowledged for its
/// former content is not taken for the new one.
struct Tailed {
  std::string path;
  Fd fd;
  Inode inode;
  uint64_t stream = 0;
  LineState state;
  /// Of the bytes before state.position, when the file was last read to its end.
  Fingerprint marker;
  uint64_t marker_at = 0;
  /// Everything before is delivered.
  uint64_t acknowledged = 0;
  /// Its head and the marker before `acknowledged` are to be written down.
  bool is_dirty = false;
  int watch = -1;
  /// Its changes are seen by polling only.
  bool is_polled = false;
  /// No path of the patterns leads to it any more: it was renamed or deleted.
  bool is_away = false;
  bool is_ready = false;
  bool is_waiting = false;
  /// It has bytes behind its last newline, seen first at this time (ns, monotonic); 0: none.
  int64_t partial_since = 0;
  int64_t last_growth = 0;
};

/// *Invariants:* one Tailed per inode, however many paths lead to it.
class Files {
 public:
  struct Setup {
    std::vector<std::string> path;
    std::vector<std::string> exclude;
    bool starts_at_end;
    std::string state_file;
  };
  Files(Setup setup, std::string_view id);

  /// Loads positions. Throws SetupError.
  void load();
  /// Looks at all patterns and follows what is new; files that are gone from them become away. Returns those that are
  /// new or have become away: they are to be read.
  std::vector<Tailed*> sweep(int64_t now);
  /// Takes note of what happened in a folder; true: `sweep` may find something else than before. A file that comes and
  /// is renamed away before anybody looks is found by the names of its renames.
  bool concerns(const Watch::Event& event);

  Tailed* by_watch(int watch) const;
  /// The file was truncated: begins again at 0 as another stream.
  void restart(Tailed& file);
  /// Lets go of a file that is away and read to its end.
  void close(Tailed& file);
  void acknowledge(uint64_t stream, uint64_t position);
  /// Whether something was acknowledged since the last `save`.
  bool is_dirty() const { return is_dirty_; }
  /// Writes positions down; a failure is logged, and the next save tries again.
  void save();

  Watch watch;
  /// Watches have run out, or a folder cannot be trusted: `sweep` is needed from time to time.
  bool needs_sweeps = false;
  std::map<std::pair<uint64_t, uint64_t>, std::unique_ptr<Tailed>> open;

 private:
  Tailed* adopt(const std::string& path, bool is_away, int64_t now);
  void enter(Tailed& file, const struct stat& status);
  void find_moved(const std::vector<std::string>& folders, std::vector<Tailed*>& fresh, int64_t now);
  bool watch_folders(const std::vector<std::string>& folders);
  void warn_watches();
  void remember(Tailed& file);

  Patterns patterns_;
  bool starts_at_end_;
  std::string id_;
  Positions positions_;
  std::map<std::string, int> folders_;
  std::map<uint64_t, Tailed*> by_stream_;
  std::map<int, Tailed*> by_watch_;
  std::set<std::string> unreadable_;
  std::set<std::string> moved_;  // paths to which wanted files were renamed since the last sweep
  uint32_t wanted_rename_ = 0;
  uint64_t last_stream_ = 0;
  bool is_first_ = true;
  bool is_dirty_ = false;
  bool has_warned_ = false;
};

}  // namespace stook
