// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/call_filter.hh"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <thread>

#include "core/daemon/privileges.hh"
#include "test/unit/daemon/confined_child.hh"

using namespace stook;

namespace {

// Within a filter with these rules: 0, or the number of the first thing that is not as it should be.
int with_filter(const CallRules& rules, const std::function<int()>& deed) {
  return in_child([&] {
    renounce_new_privileges();
    filter_calls(rules);
    return deed();
  });
}

bool is_refused(int result) {
  return result == -1 && errno == EPERM;
}

}  // namespace

TEST_CASE("a process without programs can start threads and no process") {
  if (!has_call_filter()) {
    WARN("this build has no libseccomp");
    return;
  }
  CHECK(with_filter({}, [] {
          verify_call_filter();
          bool has_run = false;
          std::thread([&] { has_run = true; }).join();
          char* const words[] = {const_cast<char*>("/bin/true"), nullptr};
          return !has_run ? 1 : !is_refused(::execv(words[0], words)) ? 2 : !is_refused(::vfork()) ? 3 : 0;
        }) == 0);
}

TEST_CASE("a process that runs programs can start them, and enters no namespace by it") {
  if (!has_call_filter()) {
    WARN("this build has no libseccomp");
    return;
  }
  CHECK(with_filter({.runs_programs = true}, [] {
          verify_call_filter();
          int inner = in_child([] {
            ::execl("/bin/sh", "sh", "-c", "exit 7", nullptr);
            return 1;
          });
          return inner != 7 ? 1 : !is_refused(::unshare(0)) ? 2 : !is_refused(::setns(-1, 0)) ? 3 : 0;
        }) == 0);
}

TEST_CASE("families of sockets that no plugin has are refused") {
  if (!has_call_filter()) {
    WARN("this build has no libseccomp");
    return;
  }
  CHECK(with_filter({}, [] {
          return ::socket(AF_INET, SOCK_DGRAM, 0) < 0 && is_refused(-1) ? 1
                 : ::socket(AF_UNIX, SOCK_STREAM, 0) < 0                ? 2
                 : !is_refused(::socket(AF_PACKET, SOCK_DGRAM, 0))      ? 3
                 : !is_refused(::socket(AF_VSOCK, SOCK_STREAM, 0))      ? 4
                 : !is_refused(::socket(AF_ALG, SOCK_SEQPACKET, 0))     ? 5
                                                                        : 0;
        }) == 0);
}

TEST_CASE("rules leave open what they name, and nothing is refused that is logged only") {
  if (!has_call_filter()) {
    WARN("this build has no libseccomp");
    return;
  }
  CHECK(with_filter({.enters_namespaces = true}, [] { return ::setns(-1, 0) == -1 && errno == EBADF ? 0 : 1; }) == 0);
  CHECK(with_filter({.logs_only = true},
                    [] { return ::setns(-1, 0) == -1 && errno == EBADF && ::unshare(0) == 0 ? 0 : 1; }) == 0);
}
