// SPDX-License-Identifier: Apache-2.0
/// Floor 0. Whether a file that is about to be written may be a link.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace stook {

/// O_NOFOLLOW where somebody else may write to the file's folder, and a link there could lead anywhere; 0 otherwise.
/// Somebody else is everybody, and a group that is neither root's nor this process's own.
inline int link_rule(const std::string& path) {
  size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  struct stat about {};
  if (::stat(folder.c_str(), &about) != 0) {
    return 0;  // opening says what is wrong
  }
  bool is_for_others = (about.st_mode & S_IWOTH) != 0 ||
                       ((about.st_mode & S_IWGRP) != 0 && about.st_gid != 0 && about.st_gid != ::getegid());
  return is_for_others ? O_NOFOLLOW : 0;
}

}  // namespace stook
