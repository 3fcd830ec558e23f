// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/privileges.hh"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "core/base/fd.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"

namespace stook {

namespace {

constexpr const char* names[] = {"CHOWN",
                                 "DAC_OVERRIDE",
                                 "DAC_READ_SEARCH",
                                 "FOWNER",
                                 "FSETID",
                                 "KILL",
                                 "SETGID",
                                 "SETUID",
                                 "SETPCAP",
                                 "LINUX_IMMUTABLE",
                                 "NET_BIND_SERVICE",
                                 "NET_BROADCAST",
                                 "NET_ADMIN",
                                 "NET_RAW",
                                 "IPC_LOCK",
                                 "IPC_OWNER",
                                 "SYS_MODULE",
                                 "SYS_RAWIO",
                                 "SYS_CHROOT",
                                 "SYS_PTRACE",
                                 "SYS_PACCT",
                                 "SYS_ADMIN",
                                 "SYS_BOOT",
                                 "SYS_NICE",
                                 "SYS_RESOURCE",
                                 "SYS_TIME",
                                 "SYS_TTY_CONFIG",
                                 "MKNOD",
                                 "LEASE",
                                 "AUDIT_WRITE",
                                 "AUDIT_CONTROL",
                                 "SETFCAP",
                                 "MAC_OVERRIDE",
                                 "MAC_ADMIN",
                                 "SYSLOG",
                                 "WAKE_ALARM",
                                 "BLOCK_SUSPEND",
                                 "AUDIT_READ",
                                 "PERFMON",
                                 "BPF",
                                 "CHECKPOINT_RESTORE"};

[[noreturn]] void fail(const std::string& call) {
  int code = errno;
  throw PrivilegeError("cannot give rights up: " + call + ": " + strerror(code) +
                       (code == EPERM ? "; stookd must start as root to become another user" : ""));
}

// There is no function of the C library for it.
void set_capabilities(uint64_t set) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  for (int half = 0; half < 2; half++) {
    data[half].effective = data[half].permitted = static_cast<uint32_t>(set >> (32 * half));
  }
  if (::syscall(SYS_capset, &header, data) != 0) {
    fail("capset");
  }
}

void set_ids(const Account& account) {
  if (::setgroups(account.groups.size(), account.groups.data()) != 0) {
    fail("setgroups");
  }
  if (::setresgid(account.group, account.group, account.group) != 0) {
    fail("setresgid " + std::to_string(account.group));
  }
  if (::setresuid(account.user, account.user, account.user) != 0) {
    fail("setresuid " + std::to_string(account.user));
  }
}

// By the child: as the user, which of them cannot be read; -1: none. Async-signal-safe calls only would be too few: there
// is one thread, so the heap is whole.
int unreadable_of(const Account& account, const std::vector<std::string>& paths) {
  set_ids(account);
  for (size_t i = 0; i < paths.size(); i++) {
    Fd fd(::open(paths[i].c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (!fd && errno == EACCES) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

// The files that there are now; of a pattern its folder, too.
std::vector<std::string> existing(const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  for (const std::string& path : paths) {
    size_t pattern = path.find_first_of("*?[");
    if (pattern == std::string::npos) {
      found.push_back(path);
      continue;
    }
    found.push_back(path.substr(0, path.rfind('/', pattern) + 1));
    glob_t all{};
    if (::glob(path.c_str(), GLOB_NOSORT, nullptr, &all) == 0) {
      found.insert(found.end(), all.gl_pathv, all.gl_pathv + all.gl_pathc);
    }
    ::globfree(&all);
  }
  return found;
}

}  // namespace

Account find_account(const std::string& user, const std::string& group) {
  uint64_t number = 0;
  std::string why;
  bool is_number = read_value(user, number, why);
  const passwd* entry = is_number ? ::getpwuid(static_cast<uid_t>(number)) : ::getpwnam(user.c_str());
  if (entry == nullptr) {
    throw SetupError("there is no user '" + user + "'; create it, or name another by -u or user=");
  }
  Account account{entry->pw_name, entry->pw_uid, entry->pw_gid, {}};
  if (!group.empty()) {
    bool is_group_number = read_value(group, number, why);
    const ::group* found = is_group_number ? ::getgrgid(static_cast<gid_t>(number)) : ::getgrnam(group.c_str());
    if (found == nullptr) {
      throw SetupError("there is no group '" + group + "'; create it, or name another by group=");
    }
    account.group = found->gr_gid;
    account.groups = {account.group};
    return account;
  }
  int count = 64;
  account.groups.resize(64);
  if (::getgrouplist(account.name.c_str(), account.group, account.groups.data(), &count) < 0) {
    account.groups.resize(static_cast<size_t>(count));
    ::getgrouplist(account.name.c_str(), account.group, account.groups.data(), &count);
  }
  account.groups.resize(static_cast<size_t>(count));
  std::sort(account.groups.begin(), account.groups.end());
  return account;
}

uint64_t effective_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  ::syscall(SYS_capget, &header, data);
  return data[0].effective | uint64_t{data[1].effective} << 32;
}

std::string show_capabilities(uint64_t set) {
  std::string text;
  for (size_t i = 0; i < 64; i++) {
    if ((set >> i & 1) != 0) {
      text += (text.empty() ? "CAP_" : " CAP_") + (i < std::size(names) ? std::string(names[i]) : std::to_string(i));
    }
  }
  return text.empty() ? "none" : text;
}

std::string find_unreadable(const Account& account, const std::vector<std::string>& paths) {
  std::vector<std::string> all = existing(paths);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    fail("pipe");
  }
  Fd in(ends[0]);
  Fd out(ends[1]);
  pid_t child = ::fork();
  if (child < 0) {
    fail("fork");
  }
  if (child == 0) {
    int found = -1;
    try {
      found = unreadable_of(account, all);
    } catch (const PrivilegeError&) {
      ::_exit(1);
    }
    ::_exit(::write(out.get(), &found, sizeof found) == sizeof found ? 0 : 1);
  }
  out.reset();
  int found = -1;
  bool has_answer = ::read(in.get(), &found, sizeof found) == sizeof found;
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!has_answer) {
    throw PrivilegeError("cannot become user '" + account.name + "'; stookd must start as root for that");
  }
  return found < 0 ? std::string() : all[static_cast<size_t>(found)];
}

void become(const Account& account, uint64_t capabilities) {
  constexpr uint64_t to_drop = uint64_t{1} << CAP_SETPCAP;
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) {
    fail("prctl PR_SET_KEEPCAPS");
  }
  set_ids(account);
  set_capabilities(capabilities | to_drop);
  for (unsigned long i = 0; ::prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++) {
    if (::prctl(PR_CAPBSET_DROP, i, 0, 0, 0) != 0) {
      fail("prctl PR_CAPBSET_DROP " + std::to_string(i));
    }
  }
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
    fail("prctl PR_CAP_AMBIENT");
  }
  set_capabilities(capabilities);
  if (::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) {
    fail("prctl PR_SET_KEEPCAPS");
  }
}

void renounce_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    fail("prctl PR_SET_NO_NEW_PRIVS");
  }
}

}  // namespace stook
