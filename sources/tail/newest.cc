// SPDX-License-Identifier: Apache-2.0
#include "sources/tail/newest.hh"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

namespace stook {

namespace {

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1);
}

int64_t written_at(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec : 0;
}

}  // namespace

std::vector<Generations> generations_of(const Found& found, const Patterns& patterns, Priority priority) {
  struct Item {
    int64_t time;
    std::string path;
    // Numbers in names are compared as numbers: a.log.2 comes before a.log.10.
    bool operator<(const Item& other) const {
      return time != other.time ? time < other.time : strverscmp(path.c_str(), other.path.c_str()) < 0;
    }
  };
  std::map<std::pair<size_t, std::string>, std::vector<Item>> groups;
  for (size_t i = 0; i < found.files.size(); i++) {
    const std::string& path = found.files[i];
    if (!patterns.is_excluded(path)) {
      groups[{found.pattern[i], folder_of(path)}].push_back({priority == Priority::Mtime ? written_at(path) : 0, path});
    }
  }
  std::vector<Generations> all;
  for (auto& [key, items] : groups) {
    std::sort(items.begin(), items.end());
    if (priority == Priority::FirstName) {
      std::reverse(items.begin(), items.end());
    }
    Generations& paths = all.emplace_back();
    for (Item& item : items) {
      paths.push_back(std::move(item.path));
    }
  }
  return all;
}

}  // namespace stook
