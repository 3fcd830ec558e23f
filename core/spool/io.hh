// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The seam between the spool and the system: files, folders, and the two clocks. Tests put a model behind it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace stook {

/// Bytes of a file system: all of it, and what is free for this user.
struct DiskSpace {
  uint64_t total = 0;
  uint64_t available = 0;
};

/// What the spool asks of the system. Every call that can fail returns a negative errno; reads and writes may be short.
/// Any thread; calls on one file come from one thread, or are reads beside one writer.
class SpoolIo {
 public:
  enum class How : uint8_t { Read, Write, Create };

  virtual ~SpoolIo() = default;
  /// A file's number, or -errno. Write: for reading and writing, made when it is absent. Create: the same, and it must be
  /// absent. Symbolic links are not followed; a new file has mode 0600.
  virtual int open(const std::string& path, How how) = 0;
  virtual void close(int file) = 0;
  virtual ssize_t read_at(int file, void* to, size_t size, uint64_t offset) = 0;
  virtual ssize_t write_at(int file, const void* from, size_t size, uint64_t offset) = 0;
  /// fdatasync(2).
  virtual int sync(int file) = 0;
  /// fsync(2) of a folder: its entries are on the disk afterwards.
  virtual int sync_folder(const std::string& path) = 0;
  /// posix_fallocate(3): the file is at least this long and writes within do not meet a full disk.
  virtual int reserve(int file, uint64_t size) = 0;
  virtual int truncate(int file, uint64_t size) = 0;
  virtual int64_t size(int file) = 0;
  /// Gives a file another name. -EEXIST when that is taken, and other errors where the file system cannot tell.
  virtual int rename(const std::string& from, const std::string& to) = 0;
  virtual int unlink(const std::string& path) = 0;
  /// A folder of mode 0700; one that is there already will do.
  virtual int make_folder(const std::string& path) = 0;
  /// The names in a folder, in any order, without . and ..
  virtual int list(const std::string& path, std::vector<std::string>& names) = 0;
  /// Locks the whole file for this process's open file, or -EAGAIN. The lock goes with the last close.
  virtual int lock(int file) = 0;
  /// 1 when somebody else has the lock, 0 when nobody has; does not take it.
  virtual int is_locked(int file) = 0;
  virtual int space(const std::string& path, DiskSpace& space) = 0;
  virtual int64_t monotonic_ns() = 0;
  virtual int64_t wall_ns() = 0;
  /// Sixteen random bytes.
  virtual void random(unsigned char* to) = 0;
};

/// The system itself.
SpoolIo& system_io();

/// Writes all of it. 0, or a negative errno after which any part may be written.
int write_all(SpoolIo& io, int file, const void* from, size_t size, uint64_t offset);

/// Owns a file of a SpoolIo.
class SpoolFile {
 public:
  SpoolFile() = default;
  SpoolFile(SpoolIo& io, int file) : io_(&io), file_(file) {}
  SpoolFile(SpoolFile&& other) noexcept : io_(other.io_), file_(other.file_) { other.file_ = -1; }
  SpoolFile& operator=(SpoolFile&& other) noexcept {
    if (this != &other) {
      reset();
      io_ = other.io_;
      file_ = other.file_;
      other.file_ = -1;
    }
    return *this;
  }
  ~SpoolFile() { reset(); }
  int get() const { return file_; }
  explicit operator bool() const { return file_ >= 0; }
  void reset() {
    if (file_ >= 0) {
      io_->close(file_);
    }
    file_ = -1;
  }

 private:
  SpoolIo* io_ = nullptr;
  int file_ = -1;
};

}  // namespace stook
