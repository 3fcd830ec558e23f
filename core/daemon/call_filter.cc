// SPDX-License-Identifier: Apache-2.0
/// All calls are allowed but those named here. Calls that do not exist on this machine's architecture are left out. A list of
/// what is allowed would be shorter to reason about, and would break with each version of libc, OpenSSL or curl; what is
/// refused here is what systemd's sets @mount, @module, @reboot, @swap, @clock, @raw-io, @debug, @keyring, @cpu-emulation
/// and @privileged have and no part of stook calls.
#include "core/daemon/call_filter.hh"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "core/base/sanitized.hh"
#include "core/daemon/privileges.hh"

#ifdef STOOK_HAS_SECCOMP
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <iterator>
#endif

namespace stook {

#ifdef STOOK_HAS_SECCOMP
namespace {

constexpr const char* never[] = {
    // mounts and roots
    "mount", "umount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount",
    "fspick", "mount_setattr",
    // the kernel and the machine
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff",
    "iopl", "ioperm", "acct", "quotactl", "quotactl_fd", "nfsservctl", "vhangup", "sethostname", "setdomainname",
    "syslog", "lookup_dcookie", "uselib", "ustat", "sysfs", "_sysctl", "personality", "modify_ldt", "vm86", "vm86old",
    // the clock
    "settimeofday", "stime", "clock_settime", "clock_settime64", "adjtimex", "clock_adjtime", "clock_adjtime64",
    // other processes, and the insides of one's own
    "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd", "perf_event_open", "bpf",
    "userfaultfd", "migrate_pages", "move_pages",
    // keys, handles that walk around permissions, rings that walk around filters
    "add_key", "request_key", "keyctl", "open_by_handle_at", "name_to_handle_at", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "fanotify_init", "unshare"};
// What LeakSanitizer needs, which looks at the process from a copy of it.
constexpr const char* never_but_sanitizers[] = {"ptrace"};
constexpr const char* programs[] = {"execve", "execveat", "fork", "vfork"};

// libseccomp's own macros for these are C's.
scmp_arg_cmp argument(unsigned number, scmp_compare how, uint64_t a, uint64_t b = 0) {
  return {number, how, a, b};
}

/// The rules as libseccomp collects them.
class CallFilter {
 public:
  explicit CallFilter(const CallRules& rules)
      : action_(rules.logs_only ? SCMP_ACT_LOG : SCMP_ACT_ERRNO(EPERM)),
        logs_only_(rules.logs_only),
        context_(seccomp_init(SCMP_ACT_ALLOW)) {
    if (context_ == nullptr) {
      throw PrivilegeError("cannot filter system calls: seccomp_init: out of memory");
    }
  }
  ~CallFilter() { seccomp_release(context_); }
  CallFilter(const CallFilter&) = delete;
  CallFilter& operator=(const CallFilter&) = delete;

  void refuse(const char* name) {
    int call = seccomp_syscall_resolve_name(name);
    if (call != __NR_SCMP_ERROR && call >= 0) {
      add(action_, name, call, 0, {});
    }
  }
  void refuse_if(const char* name, scmp_arg_cmp is) { add(action_, name, seccomp_syscall_resolve_name(name), 1, is); }
  void answer(const char* name, int code) {
    if (!logs_only_) {
      add(SCMP_ACT_ERRNO(static_cast<uint32_t>(code)), name, seccomp_syscall_resolve_name(name), 0, {});
    }
  }
  void load() {
    // The attribute would also be set by itself; it is there already, and the order is the contract's.
    int code = seccomp_attr_set(context_, SCMP_FLTATR_CTL_NNP, 0);
    code = code == 0 ? seccomp_load(context_) : code;
    if (code != 0) {
      throw PrivilegeError(std::string("cannot filter system calls: seccomp: ") + strerror(-code) +
                           "; a kernel without it needs sandbox = no");
    }
  }

 private:
  void add(uint32_t action, const char* name, int call, unsigned count, scmp_arg_cmp is) {
    int code = count == 0 ? seccomp_rule_add(context_, action, call, 0)
                          : seccomp_rule_add_array(context_, action, call, 1, &is);
    if (code != 0) {
      throw PrivilegeError(std::string("cannot filter system calls: seccomp_rule_add ") + name + ": " +
                           strerror(-code));
    }
  }

  uint32_t action_;
  bool logs_only_;
  scmp_filter_ctx context_;
};

void add_programs(CallFilter& filter, const CallRules& rules) {
  // The flags of clone3 are in memory, where no filter sees them. The C library then calls clone.
  filter.answer("clone3", ENOSYS);
  for (unsigned long space :
       {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET}) {
    filter.refuse_if("clone", argument(0, SCMP_CMP_MASKED_EQ, space, space));
  }
  if (rules.runs_programs) {
    return;
  }
  for (const char* name : programs) {
    filter.refuse(name);
  }
  if (!has_sanitizer) {
    filter.refuse_if("clone", argument(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD));
  }
}

void add_sockets(CallFilter& filter, const CallRules& rules) {
  for (int family = 0; family < AF_MAX; family++) {
    bool is_needed = family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK ||
                     (family == AF_PACKET && rules.has_packet_sockets);
    if (!is_needed) {
      filter.refuse_if("socket", argument(0, SCMP_CMP_EQ, static_cast<uint64_t>(family)));
    }
  }
  filter.refuse_if("socket", argument(0, SCMP_CMP_GE, static_cast<uint64_t>(AF_MAX)));
  filter.refuse_if("ioctl", argument(1, SCMP_CMP_EQ, TIOCSTI));
}

}  // namespace

bool has_call_filter() {
  return true;
}

void filter_calls(const CallRules& rules) {
  CallFilter filter(rules);
  for (const char* name : never) {
    filter.refuse(name);
  }
  for (const char* name : never_but_sanitizers) {
    if (!has_sanitizer) {
      filter.refuse(name);
    }
  }
  if (!rules.enters_namespaces) {
    filter.refuse("setns");
  }
  add_programs(filter, rules);
  add_sockets(filter, rules);
  filter.load();
}

void verify_call_filter() {
  errno = 0;
  // A call that nobody may make with such words, and that would say EINVAL or EBADF where it is not refused.
  if (::syscall(SYS_open_by_handle_at, -1, nullptr, -1) != -1 || errno != EPERM) {
    throw PrivilegeError(std::string("the filter of system calls is on, and open_by_handle_at says ") +
                         strerror(errno) + "; refusing to run");
  }
}
#else
bool has_call_filter() {
  return false;
}
void filter_calls(const CallRules&) {}
void verify_call_filter() {}
#endif

}  // namespace stook
