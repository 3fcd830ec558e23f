// SPDX-License-Identifier: Apache-2.0
#include "sources/tail/descriptors.hh"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

namespace stook {

namespace {

/// Left for sockets, outputs, scripts and the rest of the process.
constexpr rlim_t reserve = 128;
constexpr size_t least_budget = 16;
/// So many are looked at to find one that may be closed.
constexpr size_t most_looks = 64;

}  // namespace

Descriptors::Descriptors() : budget_(least_budget) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > reserve + least_budget) {
    budget_ = limit.rlim_cur == RLIM_INFINITY ? SIZE_MAX : limit.rlim_cur - reserve;
  }
}

Fd Descriptors::open(const std::string& path) {
  constexpr int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  while (open_.size() >= budget_ && close_one()) {}
  Fd fd(::open(path.c_str(), flags));
  // Another source may have taken the descriptors.
  while (!fd && errno == EMFILE && close_one()) {
    fd.reset(::open(path.c_str(), flags));
  }
  return fd;
}

void Descriptors::add(Tailed& file) {
  file.turn = open_.insert(open_.end(), &file);
}

void Descriptors::close(Tailed& file) {
  if (file.fd) {
    open_.erase(file.turn);
    file.fd.reset();
  }
}

bool Descriptors::close_one() {
  size_t looks = 0;
  for (Tailed* file : open_) {
    struct stat status {};
    bool has_name = !file->packed && fstat(file->fd.get(), &status) == 0 && status.st_nlink > 0;
    if (has_name) {
      close(*file);
      return true;
    }
    if (++looks == most_looks) {
      break;
    }
  }
  errno = EMFILE;
  return false;
}

}  // namespace stook
