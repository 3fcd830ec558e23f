// SPDX-License-Identifier: Apache-2.0
#include "core/api/tied_child.hh"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace stook {

namespace {
// In the child, between fork and exec: system calls only. An errno, when it comes back.
int become(const Launch& launch, char* const* words, char* const* variables, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) {
    ::_exit(127);
  }
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; number++) {
    ::sigaction(number, &usual, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int fds[] = {launch.in, launch.out, launch.err};
  for (int number = 0; number < 3; number++) {
    int fd = fds[number] >= 0 ? fds[number] : ::open("/dev/null", number == 0 ? O_RDONLY : O_WRONLY);
    if (fd < 0 || ::dup2(fd, number) < 0) {
      return errno;
    }
  }
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  if (!launch.folder.empty() && ::chdir(launch.folder.c_str()) != 0) {
    return errno;
  }
  ::execvpe(words[0], words, variables);
  return errno;
}
}  // namespace

bool is_tied() {
  int signal = 0;
  return ::prctl(PR_GET_PDEATHSIG, &signal) == 0 && signal != 0;
}

int run_tied(const Launch& launch, char* const* words, char* const* variables, pid_t& pid) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return errno;
  }
  Fd report(ends[0]);
  Fd told(ends[1]);
  pid_t parent = ::getpid();
  pid = ::fork();
  if (pid == 0) {
    int error = become(launch, words, variables, parent);
    [[maybe_unused]] ssize_t put = ::write(told.get(), &error, sizeof error);
    ::_exit(127);
  }
  if (pid < 0) {
    return errno;
  }
  told.reset();
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(report.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof error) {
    ::waitpid(pid, nullptr, 0);
    return error;
  }
  return 0;
}

}  // namespace stook
