// SPDX-License-Identifier: Apache-2.0
/// Landlock by its three system calls, as the C library has no functions for them. The rights are those of
/// linux/landlock.h; its older copies lack some, so they are written down here.
#include "core/daemon/file_fence.hh"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "core/base/fd.hh"
#include "core/daemon/privileges.hh"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

namespace stook {

namespace {

/// LANDLOCK_ACCESS_FS_….
constexpr uint64_t fs_execute = 1 << 0;
constexpr uint64_t fs_write_file = 1 << 1;
constexpr uint64_t fs_read_file = 1 << 2;
constexpr uint64_t fs_read_folder = 1 << 3;
constexpr uint64_t fs_change_folder = 0x1ff0;  // remove, and make what there is, bits 4 to 12
constexpr uint64_t fs_refer = 1 << 13;         // version 2
constexpr uint64_t fs_truncate = 1 << 14;      // version 3
constexpr uint64_t for_files = fs_execute | fs_write_file | fs_read_file | fs_truncate;

/// struct landlock_ruleset_attr as of version 1; the kernel takes the shorter one for ever.
struct RulesetRights {
  uint64_t handled;
};
/// struct landlock_path_beneath_attr.
struct __attribute__((packed)) PathRights {
  uint64_t allowed;
  int32_t parent;
};

[[noreturn]] void fail(const std::string& what) {
  int code = errno;
  throw PrivilegeError("cannot fence files in: " + what + ": " + strerror(code));
}

uint64_t all_rights(int version) {
  uint64_t rights = fs_execute | fs_write_file | fs_read_file | fs_read_folder | fs_change_folder;
  return rights | (version >= 2 ? fs_refer : 0) | (version >= 3 ? fs_truncate : 0);
}

void allow(int ruleset, const std::string& path, uint64_t rights) {
  Fd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    return;  // it has gone, so there is nothing to allow
  }
  PathRights rule{S_ISDIR(status.st_mode) ? rights : rights & for_files, fd.get()};
  constexpr int path_beneath = 1;
  if (::syscall(SYS_landlock_add_rule, ruleset, path_beneath, &rule, 0) != 0) {
    fail("landlock_add_rule " + path);
  }
}

}  // namespace

int landlock_version() {
  constexpr int ask_version = 1;
  auto version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, ask_version);
  return version > 0 ? static_cast<int>(version) : 0;
}

void fence_files(const Reach& reach, bool runs_programs) {
  uint64_t all = all_rights(landlock_version());
  uint64_t execute = runs_programs ? fs_execute : 0;
  RulesetRights rights{all};
  Fd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rights, sizeof rights, 0)));
  if (!ruleset) {
    fail("landlock_create_ruleset");
  }
  for (const std::string& path : reach.reads) {
    allow(ruleset.get(), path, fs_read_file | fs_read_folder | execute);
  }
  for (const std::string& path : reach.writes) {
    allow(ruleset.get(), path, all & ~fs_execute);
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    fail("landlock_restrict_self");
  }
}

void verify_fence(const Reach& reach) {
  if (reach.has_read("/")) {
    return;  // everything is within reach
  }
  Fd fd(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd || errno != EACCES) {
    throw PrivilegeError("files are fenced in, and / can be read all the same; refusing to run");
  }
}

}  // namespace stook
