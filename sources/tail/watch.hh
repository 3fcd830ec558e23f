// SPDX-License-Identifier: Apache-2.0
/// inotify, as far as tail needs it: files that grow and folders whose entries change. Room: the source's front.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/base/fd.hh"

namespace stook {

/// Watches inodes. A watch of a file goes by itself when its inode does.
class Watch {
 public:
  /// What happened.
  struct Event {
    /// What `add_file` or `add_folder` gave; -1: the queue overflowed and anything may have happened.
    int watch;
    /// A folder's: something was made, renamed, deleted or its name changed. Else a file's content or links changed.
    bool is_folder;
    /// The folder's entry, empty for the folder itself.
    std::string name;
    /// The watch is gone.
    bool is_gone;
    /// Not 0: a rename, told twice with the same number, first with the old name, then with the new one.
    uint32_t rename;
    bool is_old_name;
  };

  /// Without inotify (`fd` is -1) every add says -1, and the caller polls.
  Watch();
  int fd() const { return fd_.get(); }
  /// Watches the open file. -1: no watches are left, or there is no inotify.
  [[nodiscard]] int add_file(int fd, const std::string& path);
  [[nodiscard]] int add_folder(const std::string& path);
  void remove(int watch);
  /// The next event that is waiting; false: there is none.
  [[nodiscard]] bool next(Event& event);

 private:
  bool fill();

  Fd fd_;
  std::map<int, bool> is_folder_;
  size_t at_ = 0;
  size_t size_ = 0;
  alignas(8) char buffer_[16 * 1024];
};

/// Whether changes on the path's file system reach inotify, wherever they come from. NFS, SMB, FUSE and overlay are
/// not trusted: what another host or layer writes is not seen.
bool is_trusted(const std::string& path);

}  // namespace stook
