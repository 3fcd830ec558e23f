// SPDX-License-Identifier: Apache-2.0
/// How Files finds what is new and what has gone.
#include <errno.h>

#include <algorithm>
#include <cstring>

#include "core/base/clock.hh"
#include "core/base/log.hh"
#include "sources/tail/files.hh"

namespace stook {

bool Files::concerns(const Watch::Event& event) {
  if (!event.name.empty() && (event.rename != 0 || event.is_new)) {
    auto folder =
        std::find_if(folders_.begin(), folders_.end(), [&](auto& item) { return item.second == event.watch; });
    std::string path = path_in(folder == folders_.end() ? "" : folder->first, event.name);
    if (event.rename != 0 && event.is_old_name) {
      bool is_known = moved_.erase(path) + taken_.erase(path) != 0;
      wanted_rename_ = is_known || patterns_.is_wanted(path) ? event.rename : 0;
    } else if (event.rename != 0 && event.rename == wanted_rename_) {
      moved_.insert(path);
      return true;
    } else if (event.is_new && may_be_rotated(path)) {
      unseen_.insert(path);
      return true;
    }
  }
  return event.name.empty() || patterns_.has_part(event.name) || link_names_.count(event.name) != 0;
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

/// What the patterns lead to. A folder that is new to us is looked at again once it is watched, so that no entry slips in
/// between.
Found Files::look() {
  Found found = patterns_.find();
  while (watch_folders(found.folders)) {
    found = patterns_.find();
  }
  link_names_ = {found.link_names.begin(), found.link_names.end()};
  return found;
}

std::vector<Tailed*> Files::sweep(int64_t now) {
  Found found = look();
  std::vector<Tailed*> fresh;
  sweeps_++;
  enters_at_end_ = is_first_ && (positions_.was_there() ? positions_.enters_at_end : setup_.starts_at_end);
  auto take = [&](const std::string& path) {
    size_t before = open.size();
    if (Tailed* file = adopt(path, false, now)) {
      file->seen = sweeps_;
      if (open.size() > before) {
        fresh.push_back(file);
      }
    }
  };
  if (setup_.follows_newest) {
    for (const Generations& paths : generations_of(found, patterns_, setup_.priority)) {
      take(paths.back());
      take_once(paths, fresh, now);
    }
  } else {
    for (const std::string& path : found.files) {
      if (!patterns_.is_excluded(path)) {
        take(path);
      }
    }
  }
  take_moved(fresh, now);
  if (is_first_) {
    find_moved(found.folders, fresh, now);
    find_unseen();
    is_first_ = false;
    positions_.enters_at_end = false;
  }
  take_unseen(fresh, now);
  leave(fresh, now);
  fresh.insert(fresh.end(), copies_.begin(), copies_.end());
  copies_.clear();
  return fresh;
}

/// Files that are gone from the patterns become away. What is at the former path of a file now is read after it.
void Files::leave(std::vector<Tailed*>& fresh, int64_t now) {
  std::map<std::string, Tailed*> at_path;
  for (Tailed* file : fresh) {
    at_path[file->path] = file;
  }
  for (auto& [path, file] : left_) {
    auto next = at_path.find(path);
    if (next != at_path.end()) {
      chain(*file, *next->second);
      fresh.insert(fresh.begin(), file);
    }
  }
  left_.clear();
  for (auto& [key, file] : open) {
    if (file->is_away || file->seen == sweeps_) {
      continue;
    }
    file->is_away = true;
    file->last_growth = now;
    struct stat status {};
    if (file->fd && fstat(file->fd.get(), &status) == 0 && status.st_nlink == 0) {
      log_event(Level::Info, "file_deleted", Fields()("instance", id_)("path", file->path));
    }
    auto next = at_path.find(file->path);
    if (next != at_path.end()) {
      chain(*file, *next->second);
    }
    fresh.insert(fresh.begin(), file.get());
  }
}

void Files::take_moved(std::vector<Tailed*>& fresh, int64_t now) {
  for (const std::string& path : moved_) {
    size_t before = open.size();
    Tailed* file = adopt(path, true, now);
    if (file != nullptr && open.size() > before) {
      fresh.insert(fresh.begin(), file);
    }
  }
  taken_.merge(moved_);
  moved_.clear();
}

/// The Tailed of a path, opened when it is new; null: it is no regular file, cannot be read, or (when away) is unknown.
Tailed* Files::adopt(const std::string& path, bool is_away, int64_t now) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return nullptr;
  }
  auto known = open.find({status.st_dev, status.st_ino});
  if (known != open.end()) {
    Tailed& file = *known->second;
    if (is_away) {
      file.moved_to = path == file.path ? std::string() : path;
    } else {
      if (file.path != path) {
        left_[file.path] = &file;
      }
      file.path = path;
      file.moved_to.clear();
    }
    file.is_away = (is_away || file.packed) && file.is_away;
    file.linger_end = file.is_away ? file.linger_end : 0;
    return &file;
  }
  if (was_done(path, status)) {
    return nullptr;
  }
  Fd fd = descriptors_.open(path);
  if (!fd || fstat(fd.get(), &status) != 0 || open.count({status.st_dev, status.st_ino}) != 0) {
    if (!fd && errno != ENOENT && unreadable_.insert(path).second) {
      log_event(Level::Error, "file_unreadable",
                Fields()("instance", id_)("path", path)("reason", std::strerror(errno)));
    }
    needs_sweeps = needs_sweeps || (!fd && (errno == EMFILE || errno == ENFILE || errno == EACCES));
    return nullptr;
  }
  unreadable_.erase(path);
  auto file = std::make_unique<Tailed>();
  file->path = path;
  file->inode = inode_of(fd.get(), status);
  file->owner = status.st_uid;
  file->fd = std::move(fd);
  file->is_away = is_away;
  file->last_growth = now;
  Tailed& fresh = *file;
  open[{status.st_dev, status.st_ino}] = std::move(file);
  descriptors_.add(fresh);
  enter(fresh, static_cast<uint64_t>(status.st_size), now);
  return &fresh;
}

/// Finds where to begin in a file that has just been opened, and watches it.
void Files::enter(Tailed& file, uint64_t size, int64_t now) {
  int fd = file.fd.get();
  new_stream(file);
  watch_file(file);
  auto stored = positions_.by_inode.find(file.inode);
  if (stored == positions_.by_inode.end()) {
    file.is_fresh = !is_first_ || positions_.was_there();
    file.state.position = enters_at_end_ && !file.is_away ? last_line_end(fd, size) : 0;
    file.head = head_of(fd, file.state.position);
    file.marker = marker_of(fd, file.state.position);
    file.acknowledged = LinePlace::of(file.state);
    return;
  }
  const Position& before = stored->second;
  if (Sniffed sniffed = sniff(fd); sniffed.is_other || sniffed.packing != Packing::None) {
    file.is_dirty = false;  // its position is one of what it inflates to, and stands until it has been read
    return;
  }
  LinePlace place{before.identity.offset, before.line};
  file.lives = before.lives;
  bool is_same = size >= place.offset && has_head(fd, before.identity.head) &&
                 has_marker(fd, place.offset, before.identity.marker);
  if (is_same) {
    file.state = place.state();
    file.acknowledged = place;
    file.head = before.identity.head;
    file.marker = before.identity.marker;
    return;
  }
  file.lives++;
  auto found = find_copy(file.path, before.identity);
  Tailed* copy = found ? adopt_copy(*found, file, place, now) : nullptr;
  if (copy != nullptr) {
    copy->head = before.identity.head;
    copy->marker = before.identity.marker;
    copy->copy_of = {file.inode, before.lives};
    copies_.push_back(copy);
  }
}

}  // namespace stook
