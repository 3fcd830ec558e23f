// SPDX-License-Identifier: Apache-2.0
#include "sources/tail/files.hh"

#include <errno.h>

#include <algorithm>
#include <cstring>

#include "core/api/beside_positions.hh"
#include "core/base/clock.hh"
#include "core/base/log.hh"

namespace stook {

namespace {

/// A deleted file is remembered for a while: what it held may come back compressed. Seconds.
constexpr int64_t kept_deleted = 3600;

int64_t wall_seconds() {
  return wall_ns() / 1'000'000'000;
}

}  // namespace

Files::Files(Setup setup, std::string_view id)
    : watch(!setup.polls),
      patterns_(setup.path, setup.exclude),
      setup_(std::move(setup)),
      id_(id),
      positions_(setup_.state_file) {
  // Which file was written last is not told by any event of a folder.
  needs_sweeps = setup_.polls || setup_.follows_newest;
}

void Files::load() {
  begin_positions(id_, setup_.state_file);
  positions_.load();
}

Tailed* Files::by_watch(int watch_) const {
  auto found = by_watch_.find(watch_);
  return found == by_watch_.end() ? nullptr : found->second;
}

void Files::watch_file(Tailed& file) {
  file.is_polled = setup_.polls || !is_trusted(file.where());
  file.watch = watch.add_file(file.fd.get(), file.where());
  if (file.watch < 0) {
    file.is_polled = true;
    warn_watches();
  } else {
    by_watch_[file.watch] = &file;
  }
  needs_sweeps = needs_sweeps || file.is_polled;
}

void Files::warn_watches() {
  needs_sweeps = true;
  if (!has_warned_ && !setup_.polls) {
    has_warned_ = true;
    log_event(Level::Warning, "tail_polls",
              Fields()("instance", id_)("reason", "no inotify watches are left; raise fs.inotify.max_user_watches"));
  }
}

bool Files::has_changed(Tailed& file) {
  struct stat status {};
  if (!file.fd || fstat(file.fd.get(), &status) != 0) {
    return true;
  }
  if (status.st_uid != file.owner) {
    log_event(
        Level::Info, "file_owner_changed",
        Fields()("instance", id_)("path", file.path)("from", uint64_t{file.owner})("to", uint64_t{status.st_uid}));
    file.owner = status.st_uid;
  }
  return status.st_nlink == 0 && !file.is_away;
}

bool Files::is_reachable_at(Tailed& file, const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || status.st_ino != file.inode.number || status.st_dev != file.inode.device) {
    return false;
  }
  Fd fd = descriptors_.open(path);
  if (!fd || fstat(fd.get(), &status) != 0 || inode_of(fd.get(), status) != file.inode) {
    return false;
  }
  file.fd = std::move(fd);
  file.moved_to = path == file.path ? std::string() : path;
  descriptors_.add(file);
  return true;
}

bool Files::reach(Tailed& file) {
  if (file.fd) {
    descriptors_.use(file);
    return true;
  }
  if (is_reachable_at(file, file.where()) || is_reachable_at(file, file.path)) {
    return true;
  }
  std::vector<std::string> others = neighbours(file.path);
  return std::any_of(others.begin(), others.end(),
                     [&](const std::string& other) { return is_reachable_at(file, other); });
}

bool Files::reopen(Tailed& file) {
  descriptors_.close(file);
  return reach(file);
}

void Files::new_stream(Tailed& file) {
  file.stream = ++last_stream_;
  by_stream_[file.stream] = &file;
  file.is_dirty = is_dirty_ = true;
}

void Files::chain(Tailed& first, Tailed& second) {
  if (first.successor == nullptr && &first != &second) {
    first.successor = &second;
    second.waits_for++;
  }
}

Tailed* Files::release(Tailed& file) {
  Tailed* next = std::exchange(file.successor, nullptr);
  return next != nullptr && --next->waits_for == 0 ? next : nullptr;
}

void Files::close(Tailed& file) {
  struct stat status {};
  if (file.packed && fstat(file.fd.get(), &status) == 0) {
    done_[file.path] = {status, file.inode};
  }
  bool is_deleted = file.fd ? fstat(file.fd.get(), &status) == 0 && status.st_nlink == 0 : !reach(file);
  remember(file);
  if (is_deleted) {
    positions_.by_inode[file.inode].seen -= Positions::kept_seconds - kept_deleted;
  }
  by_stream_.erase(file.stream);
  if (file.watch >= 0) {
    by_watch_.erase(file.watch);
    watch.remove(file.watch);
  }
  descriptors_.close(file);
  open.erase({file.inode.device, file.inode.number});
}

void Files::acknowledge(uint64_t stream, uint64_t mark) {
  auto found = by_stream_.find(stream);
  LinePlace place = LinePlace::of_mark(mark);
  if (found == by_stream_.end() || place.offset < found->second->acknowledged.offset) {
    return;
  }
  progress_ += place.offset - found->second->acknowledged.offset;
  found->second->acknowledged = place;
  found->second->is_dirty = is_dirty_ = true;
}

void Files::remember(Tailed& file) {
  Position& position = positions_.by_inode[file.inode];
  position.seen = wall_seconds();
  if (!file.is_dirty) {
    return;
  }
  Fingerprint marker = file.marker;
  if (file.packed && !file.packed->is_done) {
    return;
  }
  if (file.acknowledged.offset != file.state.position) {
    // The bytes before are looked up. They count only when the file still is what was read of it.
    if (file.packed || !file.fd) {
      return;
    }
    marker = marker_of(file.fd.get(), file.acknowledged.offset);
    if (!has_marker(file.fd.get(), file.state.position, file.marker) ||
        file.head_check.ask(file.fd.get(), file.head) != HeadCheck::Answer::Same) {
      return;
    }
  }
  file.is_dirty = false;
  position.path = file.where();
  position.lives = file.lives;
  position.line = file.acknowledged.line;
  position.identity = {file.inode, file.head, marker, file.acknowledged.offset};
}

bool Files::save() {
  progress_ = 0;
  if (!positions_.is_kept() || !is_dirty_) {
    return true;
  }
  for (auto& [key, file] : open) {
    remember(*file);
  }
  is_dirty_ = !positions_.save(wall_seconds());
  if (!is_dirty_) {
    return true;
  }
  failures_++;
  static LogLimit limit(1);
  if (auto pass = limit.pass()) {
    log_event(
        Level::Error, "positions_failed",
        Fields()("instance", id_)("reason", positions_.reason())("failures", failures_)("suppressed", pass.suppressed));
  }
  return false;
}

}  // namespace stook
