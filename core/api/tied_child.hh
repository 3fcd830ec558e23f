// SPDX-License-Identifier: Apache-2.0
/// Floor 2. Programs that end with the process that has started them, however that ends. Only child.cc uses it.
#pragma once

#include "core/api/child.hh"

namespace stook {

/// Whether this process ends with its parent. Then what it runs has to end with it.
bool is_tied();
/// Starts a program as Child::start says, and has the kernel send it SIGKILL when this process ends, which posix_spawn cannot
/// arrange. 0, or an errno.
int run_tied(const Launch& launch, char* const* words, char* const* variables, pid_t& pid);

}  // namespace stook
