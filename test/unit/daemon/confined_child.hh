// SPDX-License-Identifier: Apache-2.0
/// Runs something in a child process, for what a process cannot take back.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <functional>

namespace stook {

/// What `deed` gives back, as the child's exit code; 99 after an exception, whose text goes to stderr.
inline int in_child(const std::function<int()>& deed) {
  pid_t child = ::fork();
  if (child == 0) {
    int code = 99;
    try {
      code = deed();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "in the child: %s\n", error.what());
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace stook
