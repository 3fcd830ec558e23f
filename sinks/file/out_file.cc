// SPDX-License-Identifier: Apache-2.0
#include "sinks/file/out_file.hh"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "core/base/link_rule.hh"
#include "core/base/log.hh"
#include "core/base/root_door.hh"
#include "core/base/status.hh"

namespace stook {

namespace {
constexpr int64_t second = 1'000'000'000;
constexpr Compression all_forms[] = {Compression::None, Compression::Gzip, Compression::Zstd};

std::string folder_of(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// As mkdir -p. False: errno says why.
bool make_folders(const std::string& folder) {
  for (size_t at = folder.find('/', 1);; at = folder.find('/', at + 1)) {
    std::string part = folder.substr(0, at);
    if (::mkdir(part.c_str(), 0750) != 0 && errno != EEXIST) {
      return false;
    }
    if (at == std::string::npos) {
      return true;
    }
  }
}

bool exists(const std::string& path) {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0;
}

const char* advice(int error) {
  switch (error) {
    case ENOENT:
      return "; create the folder, or set create_folders = yes";
    case EACCES:
    case EPERM:
      return "; let the user that stookd runs as write there";
    case ELOOP:
      return "; it is a symbolic link in a folder that others may write to, name the file itself";
    case EISDIR:
      return "; name a file in that folder";
    case ENOTDIR:
      return "; a part of the path is a file, name another folder";
    case ENXIO:
      return "; it is a pipe that nobody reads";
    case ENAMETOOLONG:
      return "; shorten the path";
    case EROFS:
      return "; name a folder on a disk that can be written";
    default:
      return "";
  }
}

bool ends_without_newline(int fd, uint64_t size) {
  Fd reading(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  char last = '\n';
  return reading && ::pread(reading.get(), &last, 1, static_cast<off_t>(size) - 1) == 1 && last != '\n';
}

[[noreturn]] void refuse(const std::string& path, int error) {
  throw SetupError("cannot open " + path + ": " + std::strerror(error) + advice(error), error);
}

}  // namespace

void OutFile::open(int64_t now) {
  std::string folder = folder_of(path_);
  if (rules_.creates_folders && !exists(folder) && !make_folders(folder)) {
    int error = errno;
    throw SetupError("cannot create " + folder + ": " + std::strerror(error) + advice(error), error);
  }
  // Not blocking: matters for pipes only.
  int how = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | link_rule(path_);
  Fd fd(::open(path_.c_str(), how));
  if (!fd && errno == ENOENT) {
    fd.reset(::open(path_.c_str(), how | O_CREAT | O_EXCL, rules_.mode));
    if (fd) {
      (void)::fchmod(fd.get(), rules_.mode);
    }
  }
  if (!fd) {
    fd = open_by_door(path_, rules_.mode);
  }
  struct stat about {};
  if (!fd || ::fstat(fd.get(), &about) != 0) {
    refuse(path_, errno);
  }
  fd_ = std::move(fd);
  is_regular_ = S_ISREG(about.st_mode);
  device_ = about.st_dev;
  inode_ = about.st_ino;
  size_ = is_regular_ ? static_cast<uint64_t>(about.st_size) : 0;
  header_done_ = size_ > 0 ? rules_.header.size() : 0;
  is_torn_ = size_ > 0 && ends_without_newline(fd_.get(), size_);
  opened_ = now;
  looked_ = now;
}

void OutFile::close() {
  finish_squeeze();
  fd_.reset();
}

bool OutFile::was_replaced(int64_t now) {
  if (!is_regular_ || now - looked_ < second) {
    return false;
  }
  looked_ = now;
  struct stat about {};
  bool is_there = ::stat(path_.c_str(), &about) == 0;
  bool is_hidden = !is_there && errno == EACCES;  // its folder is root's; `reopen` tells of a rotation
  if (is_hidden || (is_there && about.st_dev == device_ && about.st_ino == inode_)) {
    note_size();
    return false;
  }
  fd_.reset();
  return true;
}

// A file that somebody has shortened. An empty one is a new one: it begins with the header.
void OutFile::note_size() {
  struct stat about {};
  if (is_regular_ && ::fstat(fd_.get(), &about) == 0 && static_cast<uint64_t>(about.st_size) < size_) {
    size_ = static_cast<uint64_t>(about.st_size);
    header_done_ = size_ > 0 ? rules_.header.size() : 0;
  }
}

bool OutFile::continues(const Mark& mark) {
  note_size();
  return !is_regular_ || (device_ == mark.device && inode_ == mark.inode && size_ >= mark.size);
}

bool OutFile::put_header() {
  while (header_done_ < rules_.header.size()) {
    ssize_t wrote = ::write(fd_.get(), rules_.header.data() + header_done_, rules_.header.size() - header_done_);
    if (wrote < 0) {
      if (errno == EINTR) {
        continue;
      }
      return false;
    }
    header_done_ += static_cast<size_t>(wrote);
    size_ += static_cast<uint64_t>(wrote);
  }
  return true;
}

size_t OutFile::append(iovec* parts, int count) {
  if (!put_header()) {
    return 0;
  }
  is_dirty_ = true;
  size_t done = 0;
  while (count > 0) {
    ssize_t wrote = ::writev(fd_.get(), parts, count < IOV_MAX ? count : IOV_MAX);
    if (wrote < 0 && errno == EINTR) {
      continue;
    }
    if (wrote < 0 && errno == EAGAIN) {
      pollfd pipe{fd_.get(), POLLOUT, 0};
      if (::poll(&pipe, 1, 1000) > 0) {
        continue;
      }
      errno = EAGAIN;
    }
    if (wrote < 0) {
      return done;
    }
    is_torn_ = false;
    auto left = static_cast<size_t>(wrote);
    done += left;
    size_ += left;
    while (count > 0 && left >= parts->iov_len) {
      left -= parts->iov_len;
      parts++;
      count--;
    }
    if (count > 0) {
      parts->iov_base = static_cast<char*>(parts->iov_base) + left;
      parts->iov_len -= left;
    }
  }
  return done;
}

int OutFile::sync() {
  if (fd_ && is_regular_ && ::fdatasync(fd_.get()) != 0) {
    return errno;
  }
  is_dirty_ = false;
  return 0;
}

bool OutFile::is_due(int64_t now) const {
  if (!is_regular_ || size_ <= rules_.header.size() || now < not_before_) {
    return false;
  }
  return (rules_.rotate > 0 && size_ >= rules_.rotate) ||
         (rules_.rotate_every > 0 && now - opened_ >= rules_.rotate_every);
}

int64_t OutFile::due_time() const {
  bool is_waiting = fd_ && is_regular_ && rules_.rotate_every > 0 && size_ > rules_.header.size();
  int64_t due = opened_ + rules_.rotate_every;
  return !is_waiting ? -1 : due > not_before_ ? due : not_before_;
}

uint64_t OutFile::room_left() const {
  return rules_.rotate == 0 || !is_regular_ ? UINT64_MAX : size_ < rules_.rotate ? rules_.rotate - size_ : 0;
}

void OutFile::shift_rotated() {
  auto name = [this](uint64_t number, Compression form) {
    return path_ + "." + std::to_string(number) + suffix_of(form);
  };
  auto form_of = [&](uint64_t number, Compression& form) {
    for (Compression candidate : all_forms) {
      form = candidate;
      if (exists(name(number, candidate))) {
        return true;
      }
    }
    return false;
  };
  Compression form{};
  uint64_t last = 0;
  while (form_of(last + 1, form)) {
    last++;
  }
  for (; last > 0 && form_of(last, form); last--) {
    std::string from = name(last, form);
    bool goes = rules_.keep > 0 && last >= rules_.keep;
    int result = goes ? ::unlink(from.c_str()) : std::rename(from.c_str(), name(last + 1, form).c_str());
    if (result != 0) {
      throw SetupError("cannot move " + from + ": " + std::strerror(errno), errno);
    }
  }
}

void OutFile::rotate(int64_t now) {
  static LogLimit limit(1);
  try {
    finish_squeeze();
    shift_rotated();
    if (std::rename(path_.c_str(), (path_ + ".1").c_str()) != 0 && errno != ENOENT) {
      throw SetupError("cannot move " + path_ + ": " + std::strerror(errno), errno);
    }
  } catch (const SetupError& error) {
    not_before_ = now + 60 * second;
    if (auto pass = limit.pass()) {
      log_event(Level::Warning, "rotate_failed",
                Fields()("path", path_)("reason", error.what())("suppressed", pass.suppressed));
    }
    return;
  }
  (void)sync();
  fd_.reset();
  if (rules_.compression != Compression::None && exists(path_ + ".1")) {
    try {
      squeeze_ = std::make_unique<Squeeze>(path_ + ".1", rules_.compression);
    } catch (const SetupError& error) {
      log_event(Level::Warning, "compress_failed", Fields()("path", path_)("reason", error.what()));
    }
  }
  open(now);
}

void OutFile::squeeze() {
  if (squeeze_ != nullptr && squeeze_->step()) {
    squeeze_.reset();
  }
}

void OutFile::finish_squeeze() {
  while (squeeze_ != nullptr) {
    squeeze();
  }
}

}  // namespace stook
