// SPDX-License-Identifier: Apache-2.0
/// One output file: append, see that it was renamed or truncated, rotate.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/fd.hh"
#include "core/base/room.hh"
#include "sinks/file/squeeze.hh"

namespace stook {

/// What all files of one sink have in common.
struct FileRules {
  uint64_t rotate = 0;       // bytes, 0: never
  int64_t rotate_every = 0;  // ns, 0: never
  uint64_t keep = 0;         // rotated files, 0: all
  Compression compression = Compression::None;
  mode_t mode = 0640;
  bool creates_folders = true;
  std::string header;
};

/// *Invariants:* every file begins with the header; what is appended goes to the end of the file.
/// *Rooms:* its sink's carrier.
class OutFile {
 public:
  OutFile(std::string path, const FileRules& rules) : path_(std::move(path)), rules_(rules) {}

  /// Opens by path. Throws SetupError that says what to do.
  void open(int64_t now) ROOM(carrier);
  bool is_open() const { return static_cast<bool>(fd_); }
  void close() ROOM(carrier);
  /// At most once a second: another file, or none, has the path now: true, and this one is closed.
  [[nodiscard]] bool was_replaced(int64_t now) ROOM(carrier);
  /// Which file this is, and how far it is written: what the rest of a half-written line must find.
  struct Mark {
    dev_t device = 0;
    ino_t inode = 0;
    uint64_t size = 0;
  };
  Mark mark() const { return {device_, inode_, size_}; }
  /// Whether this is still that file, with all that was written to it.
  [[nodiscard]] bool continues(const Mark& mark) ROOM(carrier);

  /// Appends and returns how many of the bytes are written; fewer than all: `errno` says why.
  size_t append(iovec* parts, int count) ROOM(carrier);
  int sync() ROOM(carrier);
  bool is_dirty() const { return is_dirty_; }

  /// Whether it was opened with an end that is no newline, and nothing has been appended since: whoever wrote there was
  /// ended in the midst of a line, if it is a file of lines. False where it cannot be read.
  bool is_torn() const { return is_torn_; }

  /// Whether the next record begins a new file.
  bool is_due(int64_t now) const;
  /// When it will be due without more data, or -1.
  int64_t due_time() const;
  /// How many bytes until it is due.
  uint64_t room_left() const;
  /// PATH becomes PATH.1, that PATH.2, and so on; what is beyond `keep` goes. A failure is logged, and the file goes on.
  /// Throws SetupError when the new file cannot be opened.
  void rotate(int64_t now) ROOM(carrier);

  /// Whether a rotated file is being compressed, and the next step of that.
  bool is_squeezing() const { return squeeze_ != nullptr; }
  void squeeze() ROOM(carrier);
  void finish_squeeze() ROOM(carrier);

  const std::string& path() const { return path_; }
  uint64_t last_used = 0;

 private:
  void shift_rotated() ROOM(carrier);
  bool put_header() ROOM(carrier);
  void note_size() ROOM(carrier);

  std::string path_;
  const FileRules& rules_;
  Fd fd_;
  bool is_regular_ = true;
  bool is_dirty_ = false;
  bool is_torn_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  uint64_t size_ = 0;
  size_t header_done_ = 0;
  int64_t opened_ = 0;
  int64_t looked_ = 0;
  int64_t not_before_ = 0;  // when rotation is tried again after a failure
  std::unique_ptr<Squeeze> squeeze_;
};

}  // namespace stook
