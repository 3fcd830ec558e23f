// SPDX-License-Identifier: Apache-2.0
/// The monitor's own side: what it leaves behind when it begins, and its loop.
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/base/log.hh"
#include "core/base/log_form.hh"
#include "core/base/text.hh"
#include "core/daemon/monitor.hh"
#include "core/daemon/monitor_deeds.hh"

namespace stook {

namespace {

constexpr char title[] = "stookd: monitor";
constexpr uint64_t kept =
    uint64_t{1} << CAP_CHOWN | uint64_t{1} << CAP_DAC_OVERRIDE | uint64_t{1} << CAP_NET_BIND_SERVICE;

// Over the words of the command line, which is where ps looks.
void set_title() {
  ::prctl(PR_SET_NAME, title, 0, 0, 0);
  Fd fd(::open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> words{};
  ssize_t size = fd ? ::read(fd.get(), words.data(), words.size()) : 0;
  if (size > static_cast<ssize_t>(sizeof title)) {
    ::memset(program_invocation_name, 0, static_cast<size_t>(size));
    ::memcpy(program_invocation_name, title, sizeof title);
  }
}

// Whoever ends a whole group or a control group means stookd, which still writes what it has; the end of the pair follows.
void leave_signals() {
  for (int number = 1; number < NSIG; number++) {
    ::signal(number, SIG_DFL);
  }
  for (int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE}) {
    ::signal(number, SIG_IGN);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void close_range_of(unsigned first, unsigned last) {
  if (first > last || ::close_range(first, last, 0) == 0) {
    return;
  }
  auto most = static_cast<unsigned>(std::clamp(::sysconf(_SC_OPEN_MAX), 256L, 65536L));
  for (unsigned fd = first; fd <= std::min(last, most); fd++) {  // a kernel before 5.9
    ::close(static_cast<int>(fd));
  }
}

// Its socket, its life and the log stay; the standard output where the log goes there.
void leave_files(int socket, int life, bool is_background) {
  std::vector<int> all{socket, life, log_descriptor()};
  std::sort(all.begin(), all.end());
  unsigned next = STDERR_FILENO + 1;
  for (int fd : all) {
    auto number = static_cast<unsigned>(fd);
    if (number >= next) {
      close_range_of(next, number - 1);
      next = number + 1;
    }
  }
  close_range_of(next, ~0U);
  int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (null >= 0 && (is_background || fd == STDIN_FILENO || (fd == STDOUT_FILENO && log_descriptor() != fd))) {
      ::dup2(null, fd);
    }
  }
  if (null > STDERR_FILENO) {
    ::close(null);
  }
}

// Throws PrivilegeError.
void give_up_rights() {
  Account keeper{"", ::geteuid(), ::getegid(), {}};
  become(keeper, effective_capabilities() & kept);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);  // in case that stookd ends before it has given its own up
  renounce_new_privileges();
  filter_monitor_calls();
}

void tell(const MonitorRequest& request, const Granted& granted) {
  static LogLimit limit;
  Fields fields;
  fields("deed", request.deed == MonitorRequest::Deed::Listen ? "listen" : "open");
  if (!request.id.empty()) {
    fields("instance", request.id);
  }
  fields("target", request.target);
  auto pass = limit.pass();
  if (!pass) {
    return;
  }
  if (granted.fd) {
    log_event(Level::Notice, "monitor_granted", fields("suppressed", pass.suppressed));
  } else {
    log_event(Level::Warning, "monitor_refused", fields("reason", granted.why)("suppressed", pass.suppressed));
  }
}

Granted answer(const MonitorDeeds& deeds, std::string_view bytes) {
  std::optional<MonitorRequest> request = read_request(bytes);
  if (!request) {
    static LogLimit limit;
    if (auto pass = limit.pass()) {
      log_event(Level::Error, "monitor_refused",
                Fields()("reason", "that is no request; stookd does not speak as it should")(
                    "bytes", uint64_t{bytes.size()})("suppressed", pass.suppressed));
    }
    return {Fd(), "that is no request"};
  }
  Granted granted = deeds.grant(*request);
  bool is_own_log = granted.fd && log_descriptor() > STDERR_FILENO && deeds.is_log(request->target);
  if (is_own_log) {
    ::dup3(granted.fd.get(), log_descriptor(), O_CLOEXEC);
  }
  tell(*request, granted);
  return granted;
}

}  // namespace

void be_monitor(Fd socket, Fd life, const MonitorStart& start) noexcept {
  leave_signals();
  leave_files(socket.get(), life.get(), start.is_background);
  set_title();
  ::umask(027);
  MonitorDeeds deeds(start.config, start.account, ::geteuid());
  try {
    give_up_rights();
  } catch (const std::exception& error) {
    (void)!send_answer(socket.get(), {Fd(), error.what()});
    ::_exit(1);
  }
  if (!send_answer(socket.get(), {})) {
    ::_exit(0);
  }
  for (;;) {
    std::array<char, monitor_request_size + 1> bytes{};
    ssize_t got = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0 || !send_answer(socket.get(), answer(deeds, {bytes.data(), static_cast<size_t>(got)}))) {
      ::_exit(0);
    }
  }
}

}  // namespace stook
