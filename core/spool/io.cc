// SPDX-License-Identifier: Apache-2.0
#include "core/spool/io.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/clock.hh"
#include "core/base/fd.hh"

namespace stook {

namespace {

// The wish for a lock on the whole file. Locks of an open file description, not of the process: a close elsewhere in the
// process does not lose them, and they can be asked about without being taken.
struct flock whole_file() {
  struct flock wish {};
  wish.l_type = F_WRLCK;
  wish.l_whence = SEEK_SET;
  return wish;
}

int or_errno(int result) {
  return result < 0 ? -errno : result;
}

class SystemIo final : public SpoolIo {
 public:
  int open(const std::string& path, How how) override {
    int flags = how == How::Read ? O_RDONLY : how == How::Write ? O_RDWR | O_CREAT : O_RDWR | O_CREAT | O_EXCL;
    return or_errno(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600));
  }
  void close(int file) override { ::close(file); }
  ssize_t read_at(int file, void* to, size_t size, uint64_t offset) override {
    return retried([&] { return ::pread(file, to, size, static_cast<off_t>(offset)); });
  }
  ssize_t write_at(int file, const void* from, size_t size, uint64_t offset) override {
    return retried([&] { return ::pwrite(file, from, size, static_cast<off_t>(offset)); });
  }
  int sync(int file) override { return or_errno(::fdatasync(file)); }
  int sync_folder(const std::string& path) override {
    Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return !folder ? -errno : or_errno(::fsync(folder.get()));
  }
  int reserve(int file, uint64_t size) override { return -::posix_fallocate(file, 0, static_cast<off_t>(size)); }
  int truncate(int file, uint64_t size) override { return or_errno(::ftruncate(file, static_cast<off_t>(size))); }
  int64_t size(int file) override {
    struct stat status {};
    return ::fstat(file, &status) < 0 ? -errno : status.st_size;
  }
  int rename(const std::string& from, const std::string& to) override {
    return or_errno(::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE));
  }
  int unlink(const std::string& path) override { return or_errno(::unlink(path.c_str())); }
  int make_folder(const std::string& path) override {
    if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) {
      return 0;
    }
    return -errno;
  }
  int list(const std::string& path, std::vector<std::string>& names) override {
    DIR* folder = ::opendir(path.c_str());
    if (folder == nullptr) {
      return -errno;
    }
    while (const dirent* entry = ::readdir(folder)) {
      if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) {
        names.emplace_back(entry->d_name);
      }
    }
    ::closedir(folder);
    return 0;
  }
  int lock(int file) override {
    struct flock wish = whole_file();
    return or_errno(::fcntl(file, F_OFD_SETLK, &wish));
  }
  int is_locked(int file) override {
    struct flock wish = whole_file();
    return ::fcntl(file, F_OFD_GETLK, &wish) < 0 ? -errno : wish.l_type != F_UNLCK;
  }
  int space(const std::string& path, DiskSpace& space) override {
    struct statvfs status {};
    if (::statvfs(path.c_str(), &status) < 0) {
      return -errno;
    }
    space = {status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize};
    return 0;
  }
  int64_t monotonic_ns() override { return stook::monotonic_ns(); }
  int64_t wall_ns() override { return stook::wall_ns(); }
  void random(unsigned char* to) override {
    if (::getrandom(to, 16, 0) != 16) {
      int64_t words[2] = {stook::wall_ns(), stook::monotonic_ns() ^ int64_t{::getpid()} << 32};
      std::memcpy(to, words, 16);
    }
  }

 private:
  template <class Call>
  static ssize_t retried(Call call) {
    for (;;) {
      ssize_t done = call();
      if (done >= 0) {
        return done;
      }
      if (errno != EINTR) {
        return -errno;
      }
    }
  }
};

}  // namespace

SpoolIo& system_io() {
  static SystemIo io;
  return io;
}

int write_all(SpoolIo& io, int file, const void* from, size_t size, uint64_t offset) {
  const char* at = static_cast<const char*>(from);
  while (size > 0) {
    ssize_t done = io.write_at(file, at, size, offset);
    if (done < 0) {
      return static_cast<int>(done);
    }
    if (done == 0) {
      return -EIO;
    }
    at += done;
    size -= static_cast<size_t>(done);
    offset += static_cast<uint64_t>(done);
  }
  return 0;
}

}  // namespace stook
