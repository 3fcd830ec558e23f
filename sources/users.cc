// SPDX-License-Identifier: Apache-2.0
#include "sources/users.hh"

#include <sys/stat.h>

#include <charconv>

#include "sources/words.hh"

namespace stook {

namespace {

constexpr const char* passwd = "/etc/passwd";
constexpr size_t names_most = 100'000;

}  // namespace

void Users::refresh() {
  struct stat status {};
  int64_t changed = stat(passwd, &status) == 0 ? status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec : 0;
  if (changed == changed_ && names_.size() < names_most) {
    return;
  }
  changed_ = changed;
  names_.clear();
  ProcLines lines;
  lines.open(passwd);
  for (std::string_view line; (line = lines.line()).data() != nullptr; lines.step()) {
    size_t name = line.find(':');
    size_t secret = name == std::string_view::npos ? name : line.find(':', name + 1);
    uint64_t uid = 0;
    if (secret != std::string_view::npos &&
        std::from_chars(line.data() + secret + 1, line.data() + line.size(), uid).ec == std::errc()) {
      names_.try_emplace(uid, line.substr(0, name));
    }
  }
}

const std::string& Users::name(uint64_t uid) {
  auto [found, is_new] = names_.try_emplace(uid);
  if (is_new) {
    found->second = std::to_string(uid);
  }
  return found->second;
}

}  // namespace stook
