// SPDX-License-Identifier: Apache-2.0
/// The monitor's filter of system calls names what is allowed, as it does so little: files are read, opened and given away,
/// sockets are bound and passed on, memory and time are asked for, and nothing is executed.
#include <errno.h>
#include <string.h>

#include "core/base/sanitized.hh"
#include "core/daemon/call_filter.hh"
#include "core/daemon/monitor.hh"

#ifdef STOOK_HAS_SECCOMP
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <memory>
#endif

namespace stook {

#ifdef STOOK_HAS_SECCOMP
namespace {

// The newer forms of a call stand beside the older ones: which of them the C library takes depends on its version.
constexpr const char* needed[] = {
    // files
    "open", "openat", "read", "readv", "pread64", "write", "writev", "close", "lseek", "_llseek", "stat", "lstat",
    "fstat", "stat64", "lstat64", "fstat64", "newfstatat", "fstatat64", "statx", "getdents64", "readlink", "readlinkat",
    "access", "faccessat", "faccessat2", "getcwd", "fcntl", "fcntl64", "dup3", "fchown", "fchown32",
    // sockets
    "bind", "listen", "connect", "setsockopt", "getsockopt", "getsockname", "sendto", "sendmsg", "recvfrom", "recvmsg",
    // itself
    "munmap", "mremap", "madvise", "brk", "futex", "poll", "ppoll", "clock_gettime", "clock_gettime64", "gettimeofday",
    "time", "getpid", "gettid", "getuid", "geteuid", "getgid", "getegid", "uname", "getrandom", "rt_sigreturn",
    "sigreturn", "rt_sigprocmask", "rt_sigaction", "tgkill", "restart_syscall", "exit", "exit_group"};
constexpr int families[] = {AF_UNIX, AF_INET, AF_INET6};

void allow(scmp_filter_ctx filter, const char* name, const scmp_arg_cmp* if_so) {
  int call = seccomp_syscall_resolve_name(name);
  if (call == __NR_SCMP_ERROR || call < 0) {
    return;  // this machine has no such call
  }
  int code = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, if_so == nullptr ? 0 : 1, if_so);
  if (code != 0) {
    throw PrivilegeError(std::string("cannot filter system calls: seccomp_rule_add ") + name + ": " + strerror(-code));
  }
}

}  // namespace

void filter_monitor_calls() {
  if (has_sanitizer) {
    return;  // its own calls are many
  }
  std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release);
  if (filter == nullptr) {
    throw PrivilegeError("cannot filter system calls: seccomp_init: out of memory");
  }
  for (const char* name : needed) {
    allow(filter.get(), name, nullptr);
  }
  for (int family : families) {
    scmp_arg_cmp is_family{0, SCMP_CMP_EQ, static_cast<uint64_t>(family), 0};
    allow(filter.get(), "socket", &is_family);
  }
  for (const char* name : {"mmap", "mmap2", "mprotect"}) {
    scmp_arg_cmp is_no_code{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0};
    allow(filter.get(), name, &is_no_code);
  }
  int code = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_NNP, 0);
  code = code == 0 ? seccomp_load(filter.get()) : code;
  if (code != 0) {
    throw PrivilegeError(std::string("cannot filter system calls: seccomp: ") + strerror(-code));
  }
  verify_call_filter();
}
#else
void filter_monitor_calls() {}
#endif

}  // namespace stook
