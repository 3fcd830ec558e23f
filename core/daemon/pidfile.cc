// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/pidfile.hh"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base/status.hh"
#include "core/base/text.hh"

namespace stook {

PidFile::PidFile(const std::string& path) : path_(path) {
  fd_.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd_) {
    throw SetupError("cannot write the pid file " + path + ": " + strerror(errno), errno);
  }
  // flock belongs to the open file, so the lock survives the fork into the background.
  if (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
    char text[32] = {};
    ssize_t got = ::pread(fd_.get(), text, sizeof text - 1, 0);
    std::string pid(trim(std::string_view(text, got > 0 ? static_cast<size_t>(got) : 0)));
    throw SetupError("stookd already runs" + (pid.empty() ? "" : " as process " + pid.substr(0, pid.find('\n'))) +
                     ": " + path + " is locked; stop it first, or give another pid file by -p");
  }
}

PidFile::~PidFile() {
  if (fd_ && owner_ == getpid()) {
    ::unlink(path_.c_str());
  }
}

void PidFile::write_pid() {
  if (!fd_) {
    return;
  }
  owner_ = getpid();
  std::string text = std::to_string(owner_) + "\n";
  if (::ftruncate(fd_.get(), 0) != 0 ||
      ::pwrite(fd_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    throw SetupError("cannot write the pid file " + path_ + ": " + strerror(errno), errno);
  }
}

}  // namespace stook
