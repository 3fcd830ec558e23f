// SPDX-License-Identifier: Apache-2.0
/// How Files finds what happened to files while nobody looked.
#include <algorithm>

#include "sources/tail/files.hh"

namespace stook {

namespace {

/// File systems count a file's birth by the kernel's tick, and a position file may be written while one is made; seconds.
constexpr int64_t birth_slack = 2;

}  // namespace

/// Files that were renamed out of the patterns while nobody looked: known by position, read to their end.
void Files::find_moved(const std::vector<std::string>& folders, std::vector<Tailed*>& fresh, int64_t now) {
  std::map<std::pair<uint64_t, uint64_t>, const Position*> wanted;
  for (const auto& [inode, position] : positions_.by_inode) {
    if (open.count({inode.device, inode.number}) == 0) {
      wanted[{inode.device, inode.number}] = &position;
    }
  }
  for (const std::string& folder : folders) {
    for (const std::string& path : wanted.empty() ? std::vector<std::string>() : neighbours(folder + "/")) {
      struct stat status {};
      if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
        continue;
      }
      auto found = wanted.find({status.st_dev, status.st_ino});
      if (found == wanted.end()) {
        continue;
      }
      const Identity& before = found->second->identity;
      Fd fd = descriptors_.open(path);
      bool is_same_inode = fd && inode_of(fd.get(), status) == before.inode;
      bool is_as_before = is_same_inode && is_same(fd.get(), status, before);
      // What is not as before was truncated and then renamed, when its name says so; else the number was used again.
      bool is_read = is_as_before && before.offset == static_cast<uint64_t>(status.st_size);
      if (is_read || !is_same_inode || (!is_as_before && !is_rotated_name(path, found->second->path))) {
        continue;
      }
      wanted.erase(found);
      if (Tailed* file = adopt(path_in({}, path), true, now)) {
        fresh.insert(fresh.begin(), file);
      }
    }
  }
}

/// Files that appeared at a path of the patterns and were renamed away, all while nobody looked: made since the
/// positions were written, and named as rotation names them.
void Files::find_unseen() {
  if (!positions_.was_there() || positions_.enters_at_end) {
    return;
  }
  for (auto& [key, file] : open) {
    for (const FoundFile& found : find_rotated(file->path, positions_.written() - birth_slack)) {
      unseen_.insert(found.path);
    }
  }
}

bool Files::may_be_rotated(const std::string& path) const {
  if (patterns_.is_wanted(path) || patterns_.is_excluded(path)) {
    return false;
  }
  std::vector<std::string> names = names_before_rotation(path);
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return is_rotated_name(path, name) && patterns_.is_wanted(name); });
}

/// A log that was linked or copied to a rotated name before anybody saw it: it is read, unless it is a copy.
void Files::take_unseen(std::vector<Tailed*>& fresh, int64_t now) {
  for (const std::string& path : unseen_) {
    size_t before = open.size();
    Tailed* file = patterns_.is_excluded(path) ? nullptr : adopt(path, true, now);
    if (file != nullptr && open.size() > before) {
      file->is_unseen = true;
      fresh.insert(fresh.begin(), file);
    }
  }
  unseen_.clear();
}

}  // namespace stook
