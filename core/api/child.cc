// SPDX-License-Identifier: Apache-2.0
#include "core/api/child.hh"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <stdexcept>

#include "core/api/tied_child.hh"
#include "core/base/clock.hh"
#include "core/base/status.hh"

namespace stook {

namespace {

constexpr int64_t millisecond = 1'000'000;
constexpr int64_t finish_most = 100 * millisecond;

/// Programs that were killed and had not ended a moment later. Nobody else gets their numbers before they are reaped. Any
/// room.
class Dying {
 public:
  static Dying& all() {
    static Dying dying;
    return dying;
  }
  void add(pid_t pid) {
    std::lock_guard lock(mutex_);
    pids_.push_back(pid);
  }
  void reap() {
    std::lock_guard lock(mutex_);
    std::erase_if(pids_, [](pid_t pid) { return is_reaped(pid); });
  }
  /// Does not wait.
  static bool is_reaped(pid_t pid) {
    siginfo_t found{};
    int answer = waitid(P_PID, static_cast<id_t>(pid), &found, WEXITED | WNOHANG);
    return answer == 0 ? found.si_pid == pid : errno == ECHILD;
  }

 private:
  std::mutex mutex_;
  std::vector<pid_t> pids_;
};

/// Whether a variable of stook's own is handed on: not what is between stookd and its service manager only, and not what
/// the launch says otherwise, as shells differ in which of two they take.
bool is_inherited(std::string_view variable, const std::vector<std::string>& others) {
  std::string_view name = variable.substr(0, variable.find('=') + 1);
  for (std::string_view ours :
       {"NOTIFY_SOCKET=", "WATCHDOG_PID=", "WATCHDOG_USEC=", "LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES="}) {
    if (name == ours) {
      return false;
    }
  }
  return std::none_of(others.begin(), others.end(),
                      [&](const std::string& other) { return other.substr(0, name.size()) == name; });
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> found;
  for (const std::string& text : texts) {
    found.push_back(const_cast<char*>(text.c_str()));
  }
  return found;
}

std::vector<char*> words_of(const Launch& launch) {
  std::vector<char*> words = pointers(launch.words);
  words.push_back(nullptr);
  return words;
}

std::vector<char*> variables_of(const Launch& launch) {
  std::vector<char*> variables = pointers(launch.environment);
  for (char** variable = environ; *variable != nullptr; variable++) {
    if (is_inherited(*variable, launch.environment)) {
      variables.push_back(*variable);
    }
  }
  variables.push_back(nullptr);
  return variables;
}

/// posix_spawn's two objects, with what a program of stook's wants of them.
class Spawn {
 public:
  Spawn() {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&actions_);
    // stook ignores or blocks signals that a program has to get.
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~Spawn() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;

  void put(int fd, int number) {
    if (fd < 0) {
      posix_spawn_file_actions_addopen(&actions_, number, "/dev/null", number == 0 ? O_RDONLY : O_WRONLY, 0);
    } else {
      posix_spawn_file_actions_adddup2(&actions_, fd, number);
    }
  }
  int run(const Launch& launch, pid_t& pid) {
    put(launch.in, STDIN_FILENO);
    put(launch.out, STDOUT_FILENO);
    put(launch.err, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    if (!launch.folder.empty()) {
      posix_spawn_file_actions_addchdir_np(&actions_, launch.folder.c_str());
    }
    std::vector<char*> words = words_of(launch);
    std::vector<char*> variables = variables_of(launch);
    return posix_spawnp(&pid, words[0], &actions_, &attributes_, words.data(), variables.data());
  }

 private:
  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t actions_;
};

}  // namespace

std::vector<std::string> split_command(std::string_view command) {
  std::vector<std::string> words;
  std::string word;
  bool is_word = false;
  char quote = 0;
  for (size_t i = 0; i < command.size(); i++) {
    char c = command[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      if (is_word) {
        words.push_back(std::move(word));
      }
      word.clear();
      is_word = false;
      continue;
    }
    is_word = true;
    if (c == '\\' && quote != '\'' && i + 1 < command.size()) {
      word += command[++i];
    } else if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      word += c;
    }
  }
  if (quote != 0) {
    throw std::invalid_argument(std::string("a ") + quote + " has no end in the command");
  }
  if (is_word) {
    words.push_back(std::move(word));
  }
  return words;
}

std::string Ending::words() const {
  return signal != 0 ? "signal " + std::to_string(signal) : "exit code " + std::to_string(code);
}

Pipe open_pipe(bool is_read_by_us) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    throw SetupError(std::string("cannot make a pipe: ") + std::strerror(errno), errno);
  }
  Pipe made{Fd(ends[0]), Fd(ends[1])};
  // The two ends have flags of their own: the program's end blocks, as programs expect.
  fcntl(is_read_by_us ? made.read.get() : made.write.get(), F_SETFL, O_NONBLOCK);
  return made;
}

void Child::start(const Launch& launch) {
  Dying::all().reap();
  pid_t pid = 0;
  int error = is_tied() ? run_tied(launch, words_of(launch).data(), variables_of(launch).data(), pid)
                        : Spawn().run(launch, pid);
  if (error != 0) {
    throw SetupError("cannot run " + launch.words[0] + ": " + std::strerror(error), error);
  }
  pid_ = pid;
  has_ended_ = false;
  ending_ = {};
  ended_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!ended_) {
    error = errno;
    finish();
    throw SetupError(std::string("cannot watch a process by pidfd_open: ") + std::strerror(error), error);
  }
}

bool Child::has_ended() {
  if (has_ended_ || pid_ == 0) {
    return has_ended_;
  }
  siginfo_t found{};
  int answer;
  do {
    answer = waitid(P_PID, static_cast<id_t>(pid_), &found, WEXITED | WNOHANG | WNOWAIT);
  } while (answer != 0 && errno == EINTR);
  has_ended_ = answer != 0 || found.si_pid == pid_;
  if (answer == 0 && has_ended_) {
    (found.si_code == CLD_EXITED ? ending_.code : ending_.signal) = found.si_status;
  }
  return has_ended_;
}

bool Child::wait(int64_t most) {
  int64_t end = monotonic_ns() + most;
  while (!has_ended()) {
    int64_t left = end - monotonic_ns();
    if (left <= 0) {
      return false;
    }
    pollfd ended{ended_.get(), POLLIN, 0};
    (void)::poll(&ended, ended_ ? 1 : 0, static_cast<int>(left / millisecond) + 1);
  }
  return true;
}

void Child::signal(int number) {
  if (pid_ > 0) {
    ::kill(-pid_, number);
  }
}

void Child::finish() {
  if (pid_ <= 0) {
    return;
  }
  signal(SIGKILL);
  (void)wait(finish_most);
  if (!Dying::is_reaped(pid_)) {
    Dying::all().add(pid_);
  }
  Dying::all().reap();
  pid_ = 0;
  ended_.reset();
}

}  // namespace stook
