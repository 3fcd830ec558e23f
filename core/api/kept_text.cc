// SPDX-License-Identifier: Apache-2.0
#include "core/api/kept_text.hh"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cstring>

#include "core/base/fd.hh"

namespace stook {

namespace {

std::string failed(const char* what, const std::string& path) {
  return std::string("cannot ") + what + " " + path + ": " + std::strerror(errno);
}

// What was not put in its place is not left beside it either: a reader would take it for the newest.
std::string failed(const char* what, const std::string& path, const std::string& fresh) {
  std::string reason = failed(what, path);
  unlink(fresh.c_str());
  return reason;
}

}  // namespace

std::string keep_text(const std::string& file, std::string_view text) {
  std::string fresh = file + ".new";
  std::string former = file + ".old";
  unlink(fresh.c_str());
  Fd fd(open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) {
    return failed("make", fresh);
  }
  for (size_t at = 0; at < text.size();) {
    ssize_t put = write(fd.get(), text.data() + at, text.size() - at);
    if (put <= 0) {
      return failed("write", fresh, fresh);
    }
    at += static_cast<size_t>(put);
  }
  if (fdatasync(fd.get()) != 0) {
    return failed("sync", fresh, fresh);
  }
  unlink(former.c_str());
  if (link(file.c_str(), former.c_str()) != 0 && errno != ENOENT) {
    return failed("link", former, fresh);
  }
  if (rename(fresh.c_str(), file.c_str()) != 0) {
    return failed("rename", fresh, fresh);
  }
  size_t slash = file.rfind('/');
  std::string folder = slash == std::string::npos ? "." : file.substr(0, slash + 1);
  Fd directory(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || fsync(directory.get()) != 0) {
    return failed("sync", folder);
  }
  return {};
}

}  // namespace stook
