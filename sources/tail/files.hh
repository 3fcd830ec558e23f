// SPDX-License-Identifier: Apache-2.0
/// The files that tail follows: found by pattern, known by inode, remembered by position. Nothing is read here.
/// Room: the source's front.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/api/positions.hh"
#include "sources/glob.hh"
#include "sources/tail/copy.hh"
#include "sources/tail/descriptors.hh"
#include "sources/tail/newest.hh"
#include "sources/tail/tailed.hh"
#include "sources/tail/watch.hh"

namespace stook {

/// *Invariants:* one Tailed per inode, however many paths lead to it.
class Files {
 public:
  struct Setup {
    std::vector<std::string> path;
    std::vector<std::string> exclude;
    std::string state_file;
    bool starts_at_end;
    bool polls;
    bool follows_newest;
    Priority priority;
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
  /// No events wait: what the sweeps so far found is what the events said.
  void heard_all() { taken_.clear(); }
  /// Takes note that a file's owner, links or name changed; true: `sweep` may find something else than before.
  bool has_changed(Tailed& file);

  Tailed* by_watch(int watch) const;
  /// Opens the file again when its descriptor was closed. False: no way leads to it any more.
  bool reach(Tailed& file);
  /// Its descriptor is of no use any more: `reach` with another one.
  bool reopen(Tailed& file);
  /// The file was truncated: it begins again at 0, as another stream. Returns the copy that was made of it before, in
  /// which reading goes on where it stood and which is read first; null: there is none.
  Tailed* begin_again(Tailed& file, int64_t now);
  /// The file beside it of which one that has just appeared has the begin, as a copy has; null: there is none.
  Tailed* original_of(Tailed& file);
  /// Whether it is a copy of what has been read of a file before that was truncated.
  bool is_read_copy(Tailed& file);
  /// Looks for a file, open or remembered, that begins as the compressed file does; true: `known` says where it stood.
  bool find_known(Tailed& packed, std::string_view head);
  /// Unknown files that are there now are entered at their end.
  bool enters_at_end() const { return enters_at_end_; }
  /// All that is in the file counts as read.
  void skip(Tailed& file);
  /// The file has been read to its end: those that waited for it need not any more. Returns the one that is to be read.
  Tailed* release(Tailed& file);
  /// Lets go of a file that is away and read to its end.
  void close(Tailed& file);
  void acknowledge(uint64_t stream, uint64_t mark);
  /// Whether something was acknowledged since the last `save`, and how many bytes.
  bool is_dirty() const { return is_dirty_; }
  uint64_t progress() const { return progress_; }
  /// Writes positions down. False: it failed; that is logged, and the next save tries again.
  bool save();

  Watch watch;
  /// Watches have run out, or a folder cannot be trusted: `sweep` is needed from time to time.
  bool needs_sweeps = false;
  std::map<std::pair<uint64_t, uint64_t>, std::unique_ptr<Tailed>> open;

 private:
  Tailed* adopt(const std::string& path, bool is_away, int64_t now);
  Tailed* adopt_copy(const FoundFile& copy, Tailed& file, const LinePlace& place, int64_t now);
  void enter(Tailed& file, uint64_t size, int64_t now);
  void watch_file(Tailed& file);
  Found look();
  void take_once(const std::vector<std::string>& paths, std::vector<Tailed*>& fresh, int64_t now);
  bool was_done(const std::string& path, const struct stat& status);
  bool is_done(const std::string& path, const struct stat& status);
  void take_moved(std::vector<Tailed*>& fresh, int64_t now);
  void find_unseen();
  void take_unseen(std::vector<Tailed*>& fresh, int64_t now);
  bool may_be_rotated(const std::string& path) const;
  std::vector<Tailed*> before_rotation(const Tailed& file);
  void find_moved(const std::vector<std::string>& folders, std::vector<Tailed*>& fresh, int64_t now);
  bool watch_folders(const std::vector<std::string>& folders);
  void leave(std::vector<Tailed*>& fresh, int64_t now);
  void chain(Tailed& first, Tailed& second);
  void warn_watches();
  void new_stream(Tailed& file);
  void remember(Tailed& file);
  bool is_reachable_at(Tailed& file, const std::string& path);

  Patterns patterns_;
  Setup setup_;
  std::string id_;
  Positions positions_;
  Descriptors descriptors_;
  std::map<std::string, int> folders_;
  std::set<std::string> link_names_;  // of what symbolic links lead to
  std::unordered_map<uint64_t, Tailed*> by_stream_;
  std::unordered_map<int, Tailed*> by_watch_;
  std::vector<Tailed*> copies_;          // found while a file was entered
  std::map<std::string, Tailed*> left_;  // files that have another matching name now, by their former one
  struct Done {
    struct stat status;
    Inode inode;
  };
  std::map<std::string, Done> done_;  // read once, and how they were found to be
  std::set<std::string> unreadable_;
  std::set<std::string> moved_;  // paths to which wanted files were renamed since the last sweep
  // Of those, what a sweep has looked at since. What is there may have been renamed on before that, in events to come.
  std::set<std::string> taken_;
  std::set<std::string> unseen_;  // paths named as rotated logs that appeared since
  uint32_t wanted_rename_ = 0;
  uint64_t last_stream_ = 0;
  uint64_t sweeps_ = 0;
  uint64_t progress_ = 0;
  uint64_t failures_ = 0;  // of writing positions
  bool is_first_ = true;
  bool is_dirty_ = false;
  bool enters_at_end_ = false;
  bool has_warned_ = false;
};

}  // namespace stook
