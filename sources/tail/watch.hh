// SPDX-License-Identifier: Apache-2.0
/// inotify, as far as tail needs it: files that grow and folders whose entries change. Room: the source's front.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

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
    /// A folder's entry was made, or linked.
    bool is_new;
    /// A file's owner, rights, links or name changed, not what is in it.
    bool is_about_it;
    /// Not 0: a rename, told twice with the same number, first with the old name, then with the new one.
    uint32_t rename;
    bool is_old_name;
  };

  /// Without inotify (`fd` is -1) every add says -1, and the caller polls; so it is too when nothing is wanted of it.
  explicit Watch(bool is_wanted);
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
  enum class Kind : uint8_t { None, File, Folder };

  std::unordered_map<int, Kind> kind_;  // by the number of the watch; the kernel does not use numbers again
  size_t at_ = 0;
  size_t size_ = 0;
  alignas(8) char buffer_[64 * 1024];
};

/// Whether changes on the path's file system reach inotify, wherever they come from. NFS, SMB, FUSE and overlay are
/// not trusted: what another host or layer writes is not seen.
bool is_trusted(const std::string& path);

}  // namespace stook
