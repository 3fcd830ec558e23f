// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/monitor.hh"

#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>

#include "core/base/sanitized.hh"
#include "core/daemon/call_filter.hh"

using namespace stook;
namespace fs = std::filesystem;

namespace {

constexpr uid_t somebody = 65534;

/// A configuration of root's with a socket and an output.
class Site {
 public:
  Site() {
    char name[] = "/tmp/stook-monitor-XXXXXX";
    root = fs::canonical(::mkdtemp(name));
    REQUIRE(::chmod(root.c_str(), 0755) == 0);
    std::ofstream(root / "stook.conf") << "stack = in:UDP(listen=127.0.0.1:0), out:FILE(path=out.log)\n";
    REQUIRE(::chmod((root / "stook.conf").c_str(), 0644) == 0);
  }
  ~Site() { fs::remove_all(root); }
  MonitorStart start() const { return {(root / "stook.conf").string(), {"", somebody, somebody, {somebody}}, false}; }
  std::string output() const { return (root / "out.log").string(); }

  fs::path root;
};

bool is_root() {
  if (::geteuid() != 0) {
    WARN("only root has rights to keep");
  }
  return ::geteuid() == 0;
}

std::string proc(pid_t process, const char* file) {
  std::ifstream in("/proc/" + std::to_string(process) + "/" + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string status(pid_t process, const std::string& name) {
  std::string text = "\n" + proc(process, "status");
  size_t at = text.find("\n" + name + ":\t") + name.size() + 3;
  return text.substr(at, text.find('\n', at) - at);
}

/// A monitor to which anything can be said.
class Raw {
 public:
  explicit Raw(const MonitorStart& start) {
    int pair[2];
    int pipe[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    REQUIRE(::pipe(pipe) == 0);
    process = ::fork();
    if (process == 0) {
      ::close(pair[0]);
      ::close(pipe[0]);
      be_monitor(Fd(pair[1]), Fd(pipe[1]), start);
    }
    ::close(pair[1]);
    ::close(pipe[1]);
    socket.reset(pair[0]);
    life.reset(pipe[0]);
  }
  /// What it answers.
  ReceivedAnswer say(std::string_view bytes) const {
    REQUIRE(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    return receive_answer(socket.get());
  }

  Fd socket;
  Fd life;
  pid_t process = 0;
};

}  // namespace

TEST_CASE("the monitor gives what the configuration names, to the user that stookd becomes") {
  if (!is_root()) {
    return;
  }
  Site site;
  auto monitor = Monitor::start(site.start());
  REQUIRE(monitor != nullptr);
  CHECK(root_door() == monitor.get());
  Granted socket = monitor->listen("in", "127.0.0.1:0", false);
  CHECK(socket.fd);
  CHECK(socket.why.empty());
  Granted file = monitor->open(site.root.string() + "/./out.log");
  REQUIRE(file.fd);
  CHECK(::write(file.fd.get(), "x", 1) == 1);
  struct stat about {};
  REQUIRE(::stat(site.output().c_str(), &about) == 0);
  CHECK(about.st_uid == somebody);
  CHECK(monitor->listen("in", "127.0.0.1:514", false).why == "the configuration names no such listener");
  CHECK(monitor->open("/etc/passwd").why == "the configuration names no such output");
  CHECK(monitor->open("/" + std::string(2000, 'x')).why.starts_with("what is asked for is too long"));
  pid_t process = monitor->process();
  monitor.reset();
  CHECK(root_door() == nullptr);
  CHECK(::kill(process, 0) == -1);  // not even a zombie is left
}

TEST_CASE("the monitor is small: its name, its rights, its files") {
  if (!is_root()) {
    return;
  }
  Site site;
  auto monitor = Monitor::start(site.start());
  REQUIRE(monitor != nullptr);
  pid_t process = monitor->process();
  CHECK(proc(process, "comm") == "stookd: monitor\n");
  CHECK(proc(process, "cmdline").starts_with("stookd: monitor"));
  uint64_t kept = uint64_t{1} << CAP_CHOWN | uint64_t{1} << CAP_DAC_OVERRIDE | uint64_t{1} << CAP_NET_BIND_SERVICE;
  CHECK((std::stoull(status(process, "CapEff"), nullptr, 16) & ~kept) == 0);
  CHECK(std::stoull(status(process, "CapBnd"), nullptr, 16) == 0);
  CHECK(status(process, "NoNewPrivs") == "1");
  CHECK(status(process, "Seccomp") == (has_call_filter() && !has_sanitizer ? "2" : "0"));
  CHECK(status(process, "Groups").find_first_of("0123456789") == std::string::npos);
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(process) + "/fd")) {
    files += entry.path().empty() ? 0 : 1;
  }
  CHECK(files == 5);  // the standard ones, its socket, its life
}

TEST_CASE("whoever sends rubbish gets nothing, and who speaks as it should is answered still") {
  if (!is_root()) {
    return;
  }
  Site site;
  Raw raw(site.start());
  ReceivedAnswer ready = receive_answer(raw.socket.get());
  REQUIRE(ready.is_whole);
  REQUIRE(ready.granted.why.empty());
  std::string right = write_request({MonitorRequest::Deed::Open, false, {}, site.output()});
  std::string wrong = right;
  wrong[1] = 7;
  for (const std::string& bytes : {std::string("x"), std::string(100'000, 'x'), right + "x", wrong}) {
    ReceivedAnswer answer = raw.say(bytes);
    CHECK(answer.is_whole);
    CHECK(answer.granted.why == "that is no request");
    CHECK_FALSE(answer.granted.fd);
  }
  CHECK(raw.say(right).granted.fd);
  raw.socket.reset();
  int ending = 0;
  REQUIRE(::waitpid(raw.process, &ending, 0) == raw.process);
  CHECK((WIFEXITED(ending) && WEXITSTATUS(ending) == 0));
  char byte = 0;
  CHECK(::read(raw.life.get(), &byte, 1) == 0);
}

TEST_CASE("signals that mean stookd leave it alone, and once it has gone it is asked no more") {
  if (!is_root()) {
    return;
  }
  Site site;
  auto monitor = Monitor::start(site.start());
  REQUIRE(monitor != nullptr);
  for (int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) {
    REQUIRE(::kill(monitor->process(), number) == 0);
  }
  CHECK(monitor->open(site.output()).fd);
  REQUIRE(::kill(monitor->process(), SIGKILL) == 0);
  char byte = 0;
  CHECK(::read(monitor->life(), &byte, 1) == 0);
  Granted granted = monitor->open(site.output());
  CHECK_FALSE(granted.fd);
  CHECK(granted.why == "nothing, it has gone");
  CHECK_FALSE(monitor->is_there());
  room::enter(room::front);
  monitor->ended();
  CHECK(::waitpid(monitor->process(), nullptr, 0) == -1);  // no zombie is left
}
