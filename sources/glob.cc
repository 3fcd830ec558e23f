// SPDX-License-Identifier: Apache-2.0
#include "sources/glob.hh"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <unordered_set>

#include "core/base/status.hh"

namespace stook {

namespace {

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    size_t slash = std::min(path.find('/'), path.size());
    std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") {
      parts.emplace_back(part);
    }
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

std::string join(const std::string& folder, const std::string& name) {
  if (folder.empty()) {
    return name;
  }
  return folder.back() == '/' ? folder + name : folder + "/" + name;
}

std::vector<std::string> names_in(const std::string& folder, const std::string& pattern) {
  struct Close {
    void operator()(DIR* dir) const { closedir(dir); }
  };
  std::vector<std::string> names;
  std::unique_ptr<DIR, Close> dir(opendir(folder.empty() ? "." : folder.c_str()));
  while (dirent* entry = dir ? readdir(dir.get()) : nullptr) {
    if (fnmatch(pattern.c_str(), entry->d_name, FNM_PERIOD) == 0) {
      names.emplace_back(entry->d_name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

void add_once(std::vector<std::string>& list, const std::string& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) {
    list.push_back(item);
  }
}

/// A symbolic link may be turned elsewhere, and what it leads to may be renamed in its own folder.
void add_link(const std::string& folder, const std::string& path, Found& found) {
  char target[4096];
  ssize_t size = readlink(path.c_str(), target, sizeof target);
  if (size <= 0) {
    return;
  }
  add_once(found.folders, folder);
  std::string to = path_in(folder, {target, static_cast<size_t>(size)});
  size_t slash = to.rfind('/');
  add_once(found.folders, slash == std::string::npos ? "." : to.substr(0, std::max<size_t>(slash, 1)));
  add_once(found.link_names, to.substr(slash == std::string::npos ? 0 : slash + 1));
}

void walk(const std::string& at, const std::vector<std::string>& parts, size_t i, Found& found) {
  bool is_last = i + 1 == parts.size();
  std::string here = at.empty() ? "." : at;
  auto step = [&](const std::string& path) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) {
      return false;
    }
    if (S_ISLNK(status.st_mode)) {
      add_link(here, path, found);
      if (stat(path.c_str(), &status) != 0) {
        return false;
      }
    }
    bool is_folder = S_ISDIR(status.st_mode);
    if (is_last && !is_folder) {
      found.files.push_back(path);
    } else if (!is_last && is_folder) {
      walk(path, parts, i + 1, found);
    }
    return true;
  };
  if (is_pattern(parts[i])) {
    add_once(found.folders, here);
    for (const std::string& name : names_in(at, parts[i])) {
      step(join(at, name));
    }
    return;
  }
  if (!step(join(at, parts[i])) || is_last) {
    add_once(found.folders, here);
  }
}

}  // namespace

bool is_pattern(std::string_view path) {
  return path.find_first_of("*?[") != std::string_view::npos;
}

std::string path_in(std::string_view folder, std::string_view path) {
  bool is_absolute = !path.empty() && path.front() == '/';
  std::string at = is_absolute ? "/" : std::string();
  if (!is_absolute && !folder.empty() && folder != ".") {
    at = std::string(folder);
  }
  for (const std::string& part : parts_of(path)) {
    at = join(at, part);
  }
  return at;
}

void find_files(const std::string& pattern, Found& found) {
  std::vector<std::string> parts = parts_of(pattern);
  if (!parts.empty()) {
    walk(pattern.front() == '/' ? "/" : "", parts, 0, found);
  }
}

bool matches(const std::string& pattern, const std::string& path) {
  if (pattern.find('/') != std::string::npos) {
    return fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0;
  }
  size_t slash = path.rfind('/');
  return fnmatch(pattern.c_str(), path.c_str() + (slash == std::string::npos ? 0 : slash + 1), 0) == 0;
}

Found Patterns::find() const {
  Found found;
  std::unordered_set<std::string> seen;
  for (size_t i = 0; i < path_.size(); i++) {
    Found fresh;
    find_files(path_[i], fresh);
    for (std::string& file : fresh.files) {
      if (seen.insert(file).second) {
        found.files.push_back(std::move(file));
        found.pattern.push_back(i);
      }
    }
    for (const std::string& folder : fresh.folders) {
      add_once(found.folders, folder);
    }
    for (const std::string& name : fresh.link_names) {
      add_once(found.link_names, name);
    }
  }
  return found;
}

bool Patterns::is_excluded(const std::string& path) const {
  return std::any_of(exclude_.begin(), exclude_.end(), [&](auto& pattern) { return matches(pattern, path); });
}

bool Patterns::is_wanted(const std::string& path) const {
  return !is_excluded(path) && std::any_of(path_.begin(), path_.end(), [&](const std::string& pattern) {
    return fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0;
  });
}

bool Patterns::has_part(const std::string& name) const {
  return std::any_of(path_.begin(), path_.end(), [&](const std::string& pattern) {
    std::vector<std::string> parts = parts_of(pattern);
    return std::any_of(parts.begin(), parts.end(),
                       [&](const std::string& part) { return fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0; });
  });
}

std::vector<std::string> files_to_read(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (is_pattern(path)) {
      Found found;
      find_files(path, found);
      if (found.files.empty()) {
        throw SetupError("no file matches " + path, ENOENT);
      }
      files.insert(files.end(), found.files.begin(), found.files.end());
      continue;
    }
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
      throw SetupError("cannot read " + path + ": " + std::strerror(errno), errno);
    }
    if (S_ISDIR(status.st_mode)) {
      throw SetupError("cannot read " + path + ": it is a folder; " + path_in(path, "*") + " names its files", EISDIR);
    }
    if (access(path.c_str(), R_OK) != 0) {
      throw SetupError("cannot read " + path + ": " + std::strerror(errno), errno);
    }
    files.push_back(path);
  }
  return files;
}

}  // namespace stook
