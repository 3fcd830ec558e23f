// SPDX-License-Identifier: Apache-2.0
/// How Files takes those that are read once: all generations of a log but the newest, and compressed files.
#include "core/base/clock.hh"
#include "sources/tail/files.hh"

namespace stook {

namespace {

bool is_unchanged(const struct stat& before, const struct stat& now) {
  return before.st_ino == now.st_ino && before.st_dev == now.st_dev && before.st_size == now.st_size &&
         before.st_mtim.tv_sec == now.st_mtim.tv_sec && before.st_mtim.tv_nsec == now.st_mtim.tv_nsec;
}

}  // namespace

/// All but the last are read to their end, the oldest first, and closed. Those that have been are left alone.
void Files::take_once(const std::vector<std::string>& paths, std::vector<Tailed*>& fresh, int64_t now) {
  auto tailed = [&](const struct stat& status) -> Tailed* {
    auto found = open.find({status.st_dev, status.st_ino});
    return found == open.end() ? nullptr : found->second.get();
  };
  struct stat status {};
  Tailed* later = stat(paths.back().c_str(), &status) == 0 ? tailed(status) : nullptr;
  for (size_t i = paths.size() - 1; i > 0; i--) {
    if (stat(paths[i - 1].c_str(), &status) != 0) {
      continue;
    }
    Tailed* file = tailed(status);
    bool is_known = file != nullptr;
    if (!is_known) {
      if (is_done(paths[i - 1], status)) {
        continue;
      }
      file = adopt(paths[i - 1], false, now);
    }
    if (file == nullptr || file == later) {
      continue;
    }
    if (!file->is_away) {
      file->is_away = true;
      file->last_growth = now;
      fresh.push_back(file);
      if (later != nullptr && !is_known) {
        chain(*file, *later);
      }
    }
    later = file;
  }
}

/// Whether the file is as it was when it was read once. It is remembered as long as it is there.
bool Files::was_done(const std::string& path, const struct stat& status) {
  auto done = done_.find(path);
  if (done == done_.end() || !is_unchanged(done->second.status, status)) {
    return false;
  }
  if (auto stored = positions_.by_inode.find(done->second.inode); stored != positions_.by_inode.end()) {
    stored->second.seen = wall_ns() / 1'000'000'000;
  }
  return true;
}

/// Whether the file was read to its end and has not changed since it was found to be so.
bool Files::is_done(const std::string& path, const struct stat& status) {
  if (was_done(path, status)) {
    return true;
  }
  Fd fd = descriptors_.open(path);
  auto stored = fd ? positions_.by_inode.find(inode_of(fd.get(), status)) : positions_.by_inode.end();
  if (stored == positions_.by_inode.end() || stored->second.identity.offset != static_cast<uint64_t>(status.st_size) ||
      !is_same(fd.get(), status, stored->second.identity)) {
    return false;
  }
  stored->second.seen = wall_ns() / 1'000'000'000;
  done_[path] = {status, stored->first};
  return true;
}

}  // namespace stook
