// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Where modules of scripts come from. Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace stook {

/// The folders that `search` looks in, each once; it is written as package.path is: `/etc/stook/lua/?.lua;…`.
inline std::vector<std::string> module_folders(std::string_view search) {
  std::vector<std::string> folders;
  while (!search.empty()) {
    std::string_view one = search.substr(0, search.find(';'));
    search.remove_prefix(std::min(search.size(), one.size() + 1));
    std::string_view before = one.substr(0, one.find('?'));
    size_t slash = before.rfind('/');
    std::string folder(slash == std::string_view::npos ? "." : before.substr(0, slash + 1));
    if (!one.empty() && std::find(folders.begin(), folders.end(), folder) == folders.end()) {
      folders.push_back(std::move(folder));
    }
  }
  return folders;
}

}  // namespace stook
