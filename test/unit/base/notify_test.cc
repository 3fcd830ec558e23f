// SPDX-License-Identifier: Apache-2.0
#include "core/base/notify.hh"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <string>

#include "core/base/clock.hh"

using namespace stook;

namespace {

// A manager's end: a datagram socket at a path, or with `@` in the abstract name space.
class Manager {
 public:
  explicit Manager(const std::string& name_) : name(name_), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, name.data(), name.size());
    bool is_abstract = name[0] == '@';
    if (is_abstract) {
      address.sun_path[0] = '\0';
    }
    auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (is_abstract ? 0 : 1));
    REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  }
  ~Manager() {
    if (name[0] == '/') {
      ::unlink(name.c_str());
    }
  }
  // The next message, or "nothing".
  std::string hear() {
    char text[2048];
    ssize_t got = ::recv(fd_.get(), text, sizeof text, 0);
    return got < 0 ? "nothing" : std::string(text, static_cast<size_t>(got));
  }
  const std::string name;

 private:
  Fd fd_;
};

std::string unique(const std::string& begin) {
  return begin + "stook-notify-" + std::to_string(::getpid()) + "-" + std::to_string(monotonic_ns());
}

// Sets variables of the environment and takes them away again.
struct Environment {
  ~Environment() {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
      ::unsetenv(name);
    }
  }
  void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
};

}  // namespace

TEST_CASE("each word arrives as one datagram, at a path and at an abstract name") {
  std::string begin = GENERATE("/tmp/", "@");
  CAPTURE(begin);
  Manager manager(unique(begin));
  Notify notify(manager.name);
  REQUIRE(notify.is_heard());
  notify.ready("2 stacks");
  CHECK(manager.hear() == "READY=1\nSTATUS=2 stacks");
  notify.stopping("draining");
  CHECK(manager.hear() == "STOPPING=1\nSTATUS=draining");
  notify.status("all well");
  CHECK(manager.hear() == "STATUS=all well");
  notify.alive();
  CHECK(manager.hear() == "WATCHDOG=1");
  CHECK(manager.hear() == "nothing");
}

TEST_CASE("a reload says when it began, in microseconds of the monotonic clock") {
  Manager manager(unique("@"));
  Notify notify(manager.name);
  int64_t before = monotonic_ns() / 1000;
  notify.reloading("reading");
  int64_t after = monotonic_ns() / 1000;
  std::string heard = manager.hear();
  REQUIRE(heard.starts_with("RELOADING=1\nMONOTONIC_USEC="));
  int64_t said = std::stoll(heard.substr(heard.find("USEC=") + 5));
  CHECK(said >= before);
  CHECK(said <= after);
  CHECK(heard.ends_with("\nSTATUS=reading"));
}

TEST_CASE("a status is one line, whatever is in it") {
  Manager manager(unique("@"));
  Notify notify(manager.name);
  notify.status("held by x\nREADY=1");
  CHECK(manager.hear() == "STATUS=held by x\\nREADY=1");
}

TEST_CASE("names that are no unix socket are silent") {
  for (const char* name : {"", "@", "/", "vsock:2:1234", "relative/path"}) {
    CAPTURE(name);
    Notify notify{std::string_view(name)};
    CHECK_FALSE(notify.is_heard());
    notify.ready("nobody hears this");
  }
  CHECK_FALSE(Notify(std::string(200, '/')).is_heard());
}

TEST_CASE("a manager that is gone or does not read holds nobody up") {
  std::string name;
  {
    Manager gone(unique("/tmp/"));
    name = gone.name;
  }
  int64_t begin = monotonic_ns();
  Notify(name).ready("to nobody");
  CHECK(monotonic_ns() - begin < 30'000'000'000);
  Manager deaf(unique("@"));
  Notify notify(deaf.name);
  for (int i = 0; i < 10000; i++) {
    notify.alive();
  }
  CHECK(deaf.hear() == "WATCHDOG=1");
}

TEST_CASE("the environment names the socket and the watchdog, of this process only") {
  Manager manager(unique("@"));
  Environment environment;
  CHECK_FALSE(Notify::from_environment().is_heard());
  environment.set("NOTIFY_SOCKET", manager.name);
  CHECK(Notify::from_environment().is_heard());
  CHECK(Notify::from_environment().watchdog() == 0);
  environment.set("WATCHDOG_USEC", "30000000");
  CHECK(Notify::from_environment().watchdog() == 30'000'000'000);
  environment.set("WATCHDOG_PID", std::to_string(::getpid()));
  CHECK(Notify::from_environment().watchdog() == 30'000'000'000);
  environment.set("WATCHDOG_PID", std::to_string(::getppid()));
  CHECK(Notify::from_environment().watchdog() == 0);
  environment.set("WATCHDOG_PID", "");
  environment.set("WATCHDOG_USEC", "garbage");
  CHECK(Notify::from_environment().watchdog() == 0);
}
