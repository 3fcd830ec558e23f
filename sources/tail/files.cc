// SPDX-License-Identifier: Apache-2.0
#include "sources/tail/files.hh"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <cstring>

#include "core/base/clock.hh"
#include "core/base/log.hh"
#include "sources/glob.hh"

namespace stook {

namespace {

/// Entries of a folder that are compared with stored positions at the start.
constexpr size_t most_entries = 1000;

int64_t wall_seconds() {
  return wall_ns() / 1'000'000'000;
}

}  // namespace

Files::Files(Setup setup, std::string_view id)
    : patterns_(std::move(setup.path), std::move(setup.exclude)),
      starts_at_end_(setup.starts_at_end),
      id_(id),
      positions_(std::move(setup.state_file)) {}

void Files::load() {
  positions_.load();
}

bool Files::concerns(const Watch::Event& event) {
  if (event.rename != 0) {
    auto folder =
        std::find_if(folders_.begin(), folders_.end(), [&](auto& item) { return item.second == event.watch; });
    std::string path = path_in(folder == folders_.end() ? "" : folder->first, event.name);
    if (event.is_old_name) {
      wanted_rename_ = moved_.erase(path) != 0 || patterns_.is_wanted(path) ? event.rename : 0;
    } else if (event.rename == wanted_rename_) {
      moved_.insert(path);
      return true;
    }
  }
  return event.name.empty() || patterns_.has_part(event.name);
}

Tailed* Files::by_watch(int watch_) const {
  auto found = by_watch_.find(watch_);
  return found == by_watch_.end() ? nullptr : found->second;
}

void Files::warn_watches() {
  needs_sweeps = true;
  if (!has_warned_) {
    has_warned_ = true;
    log_event(Level::Warning, "tail_polls",
              Fields()("instance", id_)("reason", "no inotify watches are left; raise fs.inotify.max_user_watches"));
  }
}

/// Says whether one of them was not watched before.
bool Files::watch_folders(const std::vector<std::string>& folders) {
  bool has_new = false;
  for (const std::string& folder : folders) {
    int number = watch.add_folder(folder);
    int& before = folders_.try_emplace(folder, -1).first->second;
    has_new = has_new || (number >= 0 && number != before);
    before = number;
    if (number < 0 && errno != ENOENT && errno != ENOTDIR && errno != EACCES) {
      warn_watches();
    }
    needs_sweeps = needs_sweeps || !is_trusted(folder);
  }
  return has_new;
}

std::vector<Tailed*> Files::sweep(int64_t now) {
  Found found = patterns_.find();
  // A folder that is new to us is looked at again once it is watched, so that no entry slips in between.
  while (watch_folders(found.folders)) {
    found = patterns_.find();
  }
  std::set<Tailed*> seen;
  std::vector<Tailed*> fresh;
  for (const std::string& path : found.files) {
    if (patterns_.is_excluded(path)) {
      continue;
    }
    size_t before = open.size();
    if (Tailed* file = adopt(path, false, now)) {
      seen.insert(file);
      if (open.size() > before) {
        fresh.push_back(file);
      }
    }
  }
  for (const std::string& path : moved_) {
    size_t before = open.size();
    Tailed* file = adopt(path, true, now);
    if (file != nullptr && open.size() > before) {
      fresh.insert(fresh.begin(), file);
    }
  }
  moved_.clear();
  if (is_first_) {
    find_moved(found.folders, fresh, now);
    is_first_ = false;
  }
  for (auto& [key, file] : open) {
    if (!file->is_away && seen.count(file.get()) == 0) {
      file->is_away = true;
      file->last_growth = now;
      fresh.insert(fresh.begin(), file.get());
    }
  }
  return fresh;
}

/// The Tailed of a path, opened when it is new; null: it is no regular file, cannot be read, or (when away) is unknown.
Tailed* Files::adopt(const std::string& path, bool is_away, int64_t now) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return nullptr;
  }
  auto known = open.find({status.st_dev, status.st_ino});
  if (known != open.end()) {
    known->second->path = is_away ? known->second->path : path;
    known->second->is_away = is_away && known->second->is_away;
    return known->second.get();
  }
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd || fstat(fd.get(), &status) != 0 || open.count({status.st_dev, status.st_ino}) != 0) {
    if (!fd && errno != ENOENT && unreadable_.insert(path).second) {
      log_event(Level::Error, "file_unreadable",
                Fields()("instance", id_)("path", path)("reason", std::strerror(errno)));
    }
    needs_sweeps = needs_sweeps || (!fd && (errno == EMFILE || errno == ENFILE || errno == EACCES));
    return nullptr;
  }
  auto file = std::make_unique<Tailed>();
  file->path = path;
  file->inode = inode_of(fd.get(), status);
  file->fd = std::move(fd);
  file->is_away = is_away;
  file->last_growth = now;
  auto stored = positions_.by_inode.find(file->inode);
  if (is_away && is_first_ &&
      (stored == positions_.by_inode.end() || !is_same(file->fd.get(), status, stored->second.identity))) {
    return nullptr;
  }
  unreadable_.erase(path);
  Tailed* fresh = file.get();
  open[{status.st_dev, status.st_ino}] = std::move(file);
  enter(*fresh, status);
  return fresh;
}

/// Finds where to begin in a file that has just been opened, and watches it.
void Files::enter(Tailed& file, const struct stat& status) {
  int fd = file.fd.get();
  auto size = static_cast<uint64_t>(status.st_size);
  auto stored = positions_.by_inode.find(file.inode);
  if (stored != positions_.by_inode.end()) {
    const Identity& before = stored->second.identity;
    file.state.position = is_same(fd, status, before) ? before.offset : 0;
  } else if (is_first_ && !positions_.was_there() && starts_at_end_) {
    file.state.position = last_line_end(fd, size);
  }
  file.acknowledged = file.state.position;
  file.marker_at = file.state.position;
  file.marker = marker_of(fd, file.marker_at);
  file.stream = ++last_stream_;
  by_stream_[file.stream] = &file;
  file.is_dirty = is_dirty_ = true;
  file.is_polled = !is_trusted(file.path);
  file.watch = watch.add_file(fd, file.path);
  if (file.watch < 0) {
    file.is_polled = true;
    warn_watches();
  } else {
    by_watch_[file.watch] = &file;
  }
  needs_sweeps = needs_sweeps || file.is_polled;
}

/// Files that were renamed out of the patterns while nobody looked: known by position, read to their end.
void Files::find_moved(const std::vector<std::string>& folders, std::vector<Tailed*>& fresh, int64_t now) {
  if (positions_.by_inode.empty()) {
    return;
  }
  std::set<std::pair<uint64_t, uint64_t>> wanted;
  for (const auto& [inode, position] : positions_.by_inode) {
    if (open.count({inode.device, inode.number}) == 0) {
      wanted.insert({inode.device, inode.number});
    }
  }
  for (const std::string& folder : folders) {
    DIR* dir = wanted.empty() ? nullptr : opendir(folder.c_str());
    size_t entries = 0;
    for (dirent* entry; dir != nullptr && (entry = readdir(dir)) != nullptr && entries < most_entries; entries++) {
      std::string path = path_in(folder, entry->d_name);
      struct stat status {};
      if (stat(path.c_str(), &status) == 0 && wanted.count({status.st_dev, status.st_ino}) != 0) {
        if (Tailed* file = adopt(path, true, now)) {
          wanted.erase({status.st_dev, status.st_ino});
          fresh.insert(fresh.begin(), file);
        }
      }
    }
    if (dir != nullptr) {
      closedir(dir);
    }
  }
}

void Files::restart(Tailed& file) {
  static LogLimit limit;
  if (auto pass = limit.pass()) {
    log_event(
        Level::Notice, "file_truncated",
        Fields()("instance", id_)("path", file.path)("offset", file.state.position)("suppressed", pass.suppressed));
  }
  by_stream_.erase(file.stream);
  file.stream = ++last_stream_;
  by_stream_[file.stream] = &file;
  file.state = {};
  file.marker = {};
  file.marker_at = 0;
  file.acknowledged = 0;
  file.partial_since = 0;
  file.is_dirty = is_dirty_ = true;
}

void Files::close(Tailed& file) {
  struct stat status {};
  bool is_deleted = fstat(file.fd.get(), &status) == 0 && status.st_nlink == 0;
  if (is_deleted) {
    positions_.by_inode.erase(file.inode);
    is_dirty_ = true;
  } else {
    remember(file);
  }
  by_stream_.erase(file.stream);
  by_watch_.erase(file.watch);
  watch.remove(file.watch);
  open.erase({file.inode.device, file.inode.number});
}

void Files::acknowledge(uint64_t stream, uint64_t position) {
  auto found = by_stream_.find(stream);
  if (found == by_stream_.end() || position <= found->second->acknowledged) {
    return;
  }
  found->second->acknowledged = position;
  found->second->is_dirty = is_dirty_ = true;
}

void Files::remember(Tailed& file) {
  Position& position = positions_.by_inode[file.inode];
  position.seen = wall_seconds();
  position.path = file.path;
  struct stat status {};
  // Shorter than what was acknowledged: truncated, and not yet noticed. The former position would not fit the new head.
  if (!file.is_dirty || fstat(file.fd.get(), &status) != 0 ||
      static_cast<uint64_t>(status.st_size) < file.acknowledged) {
    return;
  }
  file.is_dirty = false;
  position.identity.inode = file.inode;
  position.identity.offset = file.acknowledged;
  position.identity.head = head_of(file.fd.get(), static_cast<uint64_t>(status.st_size));
  position.identity.marker = marker_of(file.fd.get(), file.acknowledged);
}

void Files::save() {
  if (!positions_.is_kept() || !is_dirty_) {
    return;
  }
  for (auto& [key, file] : open) {
    remember(*file);
  }
  is_dirty_ = false;
  if (!positions_.save(wall_seconds())) {
    is_dirty_ = true;
    static LogLimit limit(1);
    if (auto pass = limit.pass()) {
      log_event(Level::Error, "positions_failed",
                Fields()("instance", id_)("reason", positions_.reason())("suppressed", pass.suppressed));
    }
  }
}

}  // namespace stook
