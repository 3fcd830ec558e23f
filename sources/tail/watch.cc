// SPDX-License-Identifier: Apache-2.0
#include "sources/tail/watch.hh"

#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace stook {

namespace {

// IN_MASK_ADD, as each sweep asks anew for what is watched already: without it the kernel empties the mask of such a watch
// before it fills it again (fs/notify/inotify/inotify_user.c), and what happens just then is never told.
constexpr uint32_t file_events = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF | IN_MASK_ADD;
constexpr uint32_t folder_events = IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF |
                                   IN_ONLYDIR | IN_EXCL_UNLINK | IN_MASK_ADD;

/// statfs(2) f_type of NFS, SMB, CIFS, SMB2, FUSE, overlay, 9p, Ceph, AFS, vboxsf.
constexpr uint32_t untrusted[] = {0x6969,     0x517b,     0xff534d42, 0xfe534d42, 0x65735546,
                                  0x794c7630, 0x01021997, 0x00c36400, 0x5346414f, 0x786f4256};

}  // namespace

Watch::Watch(bool is_wanted) : fd_(is_wanted ? inotify_init1(IN_NONBLOCK | IN_CLOEXEC) : -1) {}

int Watch::add_file(int fd, const std::string& path) {
  // By descriptor, so that no rename between open and watch can come in between; by name where /proc is not mounted.
  std::string link = "/proc/self/fd/" + std::to_string(fd);
  int watch = inotify_add_watch(fd_.get(), link.c_str(), file_events);
  if (watch < 0 && errno == ENOENT) {
    watch = inotify_add_watch(fd_.get(), path.c_str(), file_events);
  }
  if (watch >= 0) {
    kind_[watch] = Kind::File;
  }
  return watch;
}

int Watch::add_folder(const std::string& path) {
  int watch = inotify_add_watch(fd_.get(), path.c_str(), folder_events);
  if (watch >= 0) {
    kind_[watch] = Kind::Folder;
  }
  return watch;
}

void Watch::remove(int watch) {
  if (watch >= 0 && kind_.erase(watch) != 0) {
    inotify_rm_watch(fd_.get(), watch);
  }
}

bool Watch::fill() {
  if (!fd_) {
    return false;
  }
  ssize_t got = ::read(fd_.get(), buffer_, sizeof buffer_);
  at_ = 0;
  size_ = got > 0 ? static_cast<size_t>(got) : 0;
  return size_ > 0;
}

bool Watch::next(Event& event) {
  while (size_ - at_ >= sizeof(inotify_event) || fill()) {
    inotify_event raw;
    std::memcpy(&raw, buffer_ + at_, sizeof raw);
    const char* name = buffer_ + at_ + sizeof raw;
    at_ += sizeof raw + raw.len;
    bool is_overflow = (raw.mask & IN_Q_OVERFLOW) != 0;
    auto known = kind_.find(raw.wd);
    Kind kind = !is_overflow && known != kind_.end() ? known->second : Kind::None;
    if (kind == Kind::None && !is_overflow) {
      continue;
    }
    event.watch = is_overflow ? -1 : raw.wd;
    event.is_folder = is_overflow || kind == Kind::Folder;
    event.is_new = (raw.mask & IN_CREATE) != 0;
    event.is_about_it = (raw.mask & (IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)) != 0;
    event.name.assign(name, raw.len == 0 ? 0 : strnlen(name, raw.len));
    event.is_gone = (raw.mask & IN_IGNORED) != 0;
    event.rename = (raw.mask & (IN_MOVED_FROM | IN_MOVED_TO)) != 0 ? raw.cookie : 0;
    event.is_old_name = (raw.mask & IN_MOVED_FROM) != 0;
    if (event.is_gone) {
      kind_.erase(raw.wd);
    }
    return true;
  }
  return false;
}

bool is_trusted(const std::string& path) {
  struct statfs status {};
  if (statfs(path.c_str(), &status) != 0) {
    return true;
  }
  auto type = static_cast<uint32_t>(status.f_type);
  return std::find(std::begin(untrusted), std::end(untrusted), type) == std::end(untrusted);
}

}  // namespace stook
