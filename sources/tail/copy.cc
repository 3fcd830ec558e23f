// SPDX-License-Identifier: Apache-2.0
#include "sources/tail/copy.hh"

#include <dirent.h>
#include <fcntl.h>

#include <memory>
#include <string_view>

#include "core/base/fd.hh"
#include "sources/glob.hh"

namespace stook {

namespace {

constexpr std::string_view separators = ".-_";

/// The folder with its slash, empty for the present one, and the name.
std::pair<std::string_view, std::string_view> split_path(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::pair(std::string_view(), path)
                                         : std::pair(path.substr(0, slash + 1), path.substr(slash + 1));
}

template <class Visit>
void for_each_name(std::string_view folder, Visit&& visit) {
  struct Close {
    void operator()(DIR* dir) const { closedir(dir); }
  };
  std::unique_ptr<DIR, Close> dir(opendir(folder.empty() ? "." : std::string(folder).c_str()));
  while (dirent* entry = dir ? readdir(dir.get()) : nullptr) {
    visit(std::string_view(entry->d_name));
  }
}

bool begins_with(std::string_view text, std::string_view begin) {
  return text.substr(0, begin.size()) == begin;
}

}  // namespace

std::vector<std::string> neighbours(const std::string& path, size_t most_others) {
  auto [folder, name] = split_path(path);
  std::string_view stem = name.substr(0, name.find_first_of(separators, 1));
  std::vector<std::string> near;
  std::vector<std::string> others;
  for_each_name(folder, [&, folder = folder, name = name](std::string_view entry) {
    bool is_near = begins_with(entry, stem);
    if (entry != name && (is_near || others.size() < most_others)) {
      (is_near ? near : others).push_back(std::string(folder) + std::string(entry));
    }
  });
  near.insert(near.end(), others.begin(), others.end());
  return near;
}

std::optional<FoundFile> find_copy(const std::string& path, const Identity& former) {
  std::optional<FoundFile> newest;
  if (former.offset == 0 || former.head.length == 0) {
    return newest;
  }
  for (const std::string& other : neighbours(path, 0)) {
    struct stat status {};
    bool may_be = stat(other.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
                  (status.st_ino != former.inode.number || status.st_dev != former.inode.device) &&
                  static_cast<uint64_t>(status.st_size) >= former.offset;
    bool is_later = !newest || std::pair(status.st_ctim.tv_sec, status.st_ctim.tv_nsec) >
                                   std::pair(newest->status.st_ctim.tv_sec, newest->status.st_ctim.tv_nsec);
    if (!may_be || !is_later) {
      continue;
    }
    Fd fd(open(other.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd && has_head(fd.get(), former.head) && has_marker(fd.get(), former.offset, former.marker)) {
      newest = FoundFile{other, status};
    }
  }
  return newest;
}

bool is_rotated_name(const std::string& path, const std::string& of) {
  if (path.size() <= of.size() + 1 || !begins_with(path, of) || separators.find(path[of.size()]) == std::string::npos) {
    return false;
  }
  std::string_view ending = std::string_view(path).substr(of.size() + 1);
  return ending == "old" || (ending[0] >= '0' && ending[0] <= '9' &&
                             ending.find_first_not_of("0123456789.-_:TZ") == std::string_view::npos);
}

std::vector<FoundFile> find_rotated(const std::string& path, int64_t since) {
  auto [folder, name] = split_path(path);
  std::vector<FoundFile> found;
  for_each_name(folder, [&, folder = folder](std::string_view entry) {
    std::string other = std::string(folder) + std::string(entry);
    struct statx born {};
    struct stat status {};
    if (is_rotated_name(other, path) && statx(AT_FDCWD, other.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BTIME, &born) == 0 &&
        (born.stx_mask & STATX_BTIME) != 0 && born.stx_btime.tv_sec >= since && stat(other.c_str(), &status) == 0 &&
        S_ISREG(status.st_mode)) {
      found.push_back({other, status});
    }
  });
  return found;
}

std::vector<std::string> names_before_rotation(const std::string& path) {
  auto [folder, name] = split_path(path);
  size_t dot = name.rfind('.');
  std::string_view ending = dot == std::string_view::npos ? std::string_view() : name.substr(dot);
  std::vector<std::string> names;
  for (size_t at = name.find_first_of(separators, 1); at != std::string_view::npos;
       at = name.find_first_of(separators, at + 1)) {
    std::string begin = std::string(folder) + std::string(name.substr(0, at));
    names.push_back(begin);
    if (at < dot) {
      names.push_back(begin + std::string(ending));
    }
  }
  return names;
}

}  // namespace stook
