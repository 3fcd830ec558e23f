// SPDX-License-Identifier: Apache-2.0
/// Floor 5. The filter of system calls: what a collector never needs, and what would serve whoever took it over.
#pragma once

#include <string>

namespace stook {

/// What the filter leaves open.
struct CallRules {
  /// fork, execve and what goes with them.
  bool runs_programs = false;
  /// setns.
  bool enters_namespaces = false;
  /// Sockets of AF_PACKET.
  bool has_packet_sockets = false;
  /// Nothing is refused; the kernel's log tells what would be.
  bool logs_only = false;
};

/// Whether this build can filter at all.
bool has_call_filter();
/// From here on the calling thread, and all threads and programs that it starts, get EPERM from the calls that the rules do
/// not leave open. It cannot be taken back. Throws PrivilegeError.
void filter_calls(const CallRules& rules);
/// The name of a call that is refused under these rules, for a test of the filter by the process itself.
/// Tries one of them. Throws PrivilegeError when it is not refused.
void verify_call_filter();

}  // namespace stook
