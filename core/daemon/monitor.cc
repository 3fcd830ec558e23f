// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/monitor.hh"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/log.hh"
#include "core/daemon/config_names.hh"

namespace stook {

namespace {

constexpr timeval patience{20, 0};  // a monitor that takes longer is not asked again

void tell_gone(const std::string& reason) {
  log_event(Level::Warning, "monitor_gone", Fields()("reason", reason));
}

std::unique_ptr<Monitor> fail(const std::string& call) {
  tell_gone("it cannot be started: " + call + ": " + strerror(errno));
  return nullptr;
}

std::string ending_of(pid_t process) {
  int status = 0;
  if (::waitpid(process, &status, 0) != process) {
    return "it has ended";
  }
  return WIFSIGNALED(status) ? "it was ended by signal " + std::to_string(WTERMSIG(status))
                             : "it has ended with code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

std::unique_ptr<Monitor> Monitor::start(const MonitorStart& start) {
  int pair[2];
  int pipe[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
    return fail("socketpair");
  }
  Fd own(pair[0]);
  Fd theirs(pair[1]);
  if (::pipe2(pipe, O_CLOEXEC) != 0) {
    return fail("pipe");
  }
  Fd life(pipe[0]);
  Fd their_life(pipe[1]);
  pid_t process = ::fork();
  if (process < 0) {
    return fail("fork");
  }
  if (process == 0) {
    own.reset();
    life.reset();
    be_monitor(std::move(theirs), std::move(their_life), start);
  }
  theirs.reset();
  their_life.reset();
  ::setsockopt(own.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ReceivedAnswer ready = receive_answer(own.get());
  if (ready.is_whole && ready.granted.why.empty()) {
    return std::unique_ptr<Monitor>(new Monitor(std::move(own), std::move(life), process));
  }
  ::kill(process, SIGKILL);
  std::string ending = ending_of(process);
  tell_gone("it cannot be started: " + (ready.is_whole ? ready.granted.why : ending));
  return nullptr;
}

Monitor::Monitor(Fd socket, Fd life, pid_t process)
    : socket_(std::move(socket)), life_(std::move(life)), process_(process) {
  set_root_door(this);
}

// It ends by itself: whoever has rights no more cannot hurry it. Where nobody reaps orphans it would stay as a zombie.
Monitor::~Monitor() {
  set_root_door(nullptr);
  socket_.reset();
  pollfd end{life_.get(), POLLIN, 0};
  if (life_ && ::poll(&end, 1, 1000) == 1) {
    ::waitpid(process_, nullptr, 0);
  }
}

Granted Monitor::listen(std::string_view id, const std::string& address, bool is_stream) {
  return ask({MonitorRequest::Deed::Listen, is_stream, std::string(id), address});
}

Granted Monitor::open(const std::string& path) {
  return ask({MonitorRequest::Deed::Open, false, {}, plain_path(path)});
}

Granted Monitor::ask(const MonitorRequest& request) {
  std::string bytes = write_request(request);
  if (bytes.empty()) {
    return {Fd(), "what is asked for is too long, or holds control characters"};
  }
  std::lock_guard guard(lock_);
  bool is_sent =
      socket_ && ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  ReceivedAnswer answer = is_sent ? receive_answer(socket_.get()) : ReceivedAnswer();
  bool is_right = answer.is_whole && static_cast<bool>(answer.granted.fd) == answer.granted.why.empty();
  if (!is_right) {
    socket_.reset();  // a late answer would be taken for that to the next request
    is_there_.store(false, std::memory_order_relaxed);
    return {Fd(), "nothing, it has gone"};
  }
  return std::move(answer.granted);
}

void Monitor::ended() {
  is_there_.store(false, std::memory_order_relaxed);
  life_.reset();
  tell_gone(ending_of(process_));
}

MonitorWatch::MonitorWatch(Monitor* monitor, Loop& loop) : monitor_(monitor) {
  if (monitor_ != nullptr) {
    watcher_.on_readable<&MonitorWatch::on_end>(loop, this, monitor_->life());
  }
}

void MonitorWatch::on_end() {
  watcher_.stop();
  monitor_->ended();
}

}  // namespace stook
