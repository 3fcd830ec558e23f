// SPDX-License-Identifier: Apache-2.0
/// Floor 5. How stookd gives its rights up: groups, ids, capabilities, and the way back.
///
/// Capabilities, the bounding set and PR_SET_NO_NEW_PRIVS belong to a thread, and threads inherit them. So all of this
/// happens while there is one thread, after everything is bound that takes rights, and before anything is read.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace stook {

/// What stookd ends with when a right cannot be given up, or is still there afterwards.
inline constexpr int privileges_exit = 77;

/// A right that should be gone is not. The text names the call and the reason.
struct PrivilegeError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Whom a process becomes.
struct Account {
  std::string name;
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;  // sorted, `group` among them
};

/// The user of that name or number with his groups; with `group` that one alone. Throws SetupError when there is none.
Account find_account(const std::string& user, const std::string& group);

/// Bits of those that this process may use.
uint64_t effective_capabilities();
/// `CAP_NET_ADMIN CAP_SYSLOG`, for people; `none`.
std::string show_capabilities(uint64_t set);

/// A file among these, or below a pattern's folder, that the user may not read; empty: there is none. It is tried in a
/// child that has become the user. REQUIRES: root, and one thread.
std::string find_unreadable(const Account& account, const std::vector<std::string>& paths);

/// Becomes the user and keeps these capabilities alone. What it throws is a PrivilegeError, and then the process must end.
/// REQUIRES: one thread.
void become(const Account& account, uint64_t capabilities);
/// Nothing that this process, or a program that it runs, executes from here on gains rights by it.
void renounce_new_privileges();

/// What every thread has to look like.
struct Expected {
  bool has_account = false;  // else ids, groups and capabilities are those it was started with
  Account account;
  uint64_t capabilities = 0;
  bool has_no_new_privileges = false;
  bool has_filter = false;
};
/// Looks at all threads as the kernel describes them, and tries to become root. Throws PrivilegeError.
void verify_privileges(const Expected& expected);
/// There is one thread. Throws PrivilegeError.
void verify_single_thread();

}  // namespace stook
