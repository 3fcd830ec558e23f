// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/monitor_message.hh"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <random>

using namespace stook;
using Deed = MonitorRequest::Deed;

namespace {
/// Both ends of what connects stookd and its monitor.
struct Ends {
  Ends() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
    one.reset(fds[0]);
    other.reset(fds[1]);
  }
  Fd one;
  Fd other;
};
}  // namespace

TEST_CASE("a request comes out as it went in, and is always as long") {
  for (const MonitorRequest& request :
       {MonitorRequest{Deed::Listen, true, "in", "127.0.0.1:514"}, MonitorRequest{Deed::Listen, false, "a b", "*:514"},
        MonitorRequest{Deed::Listen, true, std::string(128, 'i'), std::string(1024, 'a')},
        MonitorRequest{Deed::Open, false, "", "/var/log/\xc3\xa4.log"}}) {
    std::string bytes = write_request(request);
    REQUIRE(bytes.size() == monitor_request_size);
    auto read = read_request(bytes);
    REQUIRE(read.has_value());
    CHECK(read->deed == request.deed);
    CHECK(read->is_stream == request.is_stream);
    CHECK(read->id == request.id);
    CHECK(read->target == request.target);
  }
}

TEST_CASE("what is no request is not written") {
  for (const MonitorRequest& request :
       {MonitorRequest{Deed::Listen, true, "", "127.0.0.1:514"}, MonitorRequest{Deed::Listen, true, "in", ""},
        MonitorRequest{Deed::Listen, true, std::string(129, 'i'), "*:1"}, MonitorRequest{Deed::Open, false, "in", "/a"},
        MonitorRequest{Deed::Open, true, "", "/a"}, MonitorRequest{Deed::Open, false, "", "a"},
        MonitorRequest{Deed::Open, false, "", "/" + std::string(1024, 'a')},
        MonitorRequest{Deed::Open, false, "", "/a\nb"}, MonitorRequest{Deed::Open, false, "", std::string("/a\0b", 4)},
        MonitorRequest{static_cast<Deed>(3), false, "in", "/a"}}) {
    CHECK(write_request(request).empty());
  }
}

TEST_CASE("a request with any other byte, or of any other size, is none") {
  const std::string right = write_request({Deed::Listen, true, "in", "127.0.0.1:514"});
  for (size_t at = 0; at < right.size(); at++) {
    std::string wrong = right;
    wrong[at] = static_cast<char>(wrong[at] ^ 0x80);
    auto read = read_request(wrong);
    // Letters of the texts may be others; all else is fixed.
    bool is_text = (at >= 8 && at < 10) || (at >= 136 && at < 149);
    CHECK(read.has_value() == is_text);
  }
  CHECK_FALSE(read_request("").has_value());
  CHECK_FALSE(read_request(right + '\0').has_value());
  CHECK_FALSE(read_request(std::string_view(right).substr(1)).has_value());
  CHECK_FALSE(read_request(std::string(monitor_request_size, '\xff')).has_value());
}

TEST_CASE("an answer is a reason, or none") {
  CHECK(read_answer(write_answer(true, "")) == "");
  CHECK(read_answer(write_answer(false, "no such thing")) == "no such thing");
  CHECK(read_answer(write_answer(false, std::string(1000, 'a')))->size() == 256);
  CHECK_FALSE(read_answer(write_answer(true, "so")).has_value());
  CHECK_FALSE(read_answer(write_answer(false, "")).has_value());
  CHECK_FALSE(read_answer("").has_value());
  unsigned seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 1000; i++) {
    std::string bytes = write_answer(false, "reason");
    size_t at = random() % bytes.size();
    bytes[at] = static_cast<char>(bytes[at] + 1 + static_cast<char>(random() % 200));
    auto read = read_answer(bytes);
    CHECK((!read || (at >= 4 && at < 10)));
  }
}

TEST_CASE("a descriptor goes with the answer, and a refusal has none") {
  Ends ends;
  Fd file(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  REQUIRE(send_answer(ends.one.get(), {Fd(::dup(file.get())), {}}));
  ReceivedAnswer answer = receive_answer(ends.other.get());
  REQUIRE(answer.is_whole);
  CHECK(answer.granted.why.empty());
  REQUIRE(answer.granted.fd);
  CHECK(::fcntl(answer.granted.fd.get(), F_GETFD) == FD_CLOEXEC);
  CHECK(::write(answer.granted.fd.get(), "x", 1) == 1);

  REQUIRE(send_answer(ends.one.get(), {Fd(), "no"}));
  answer = receive_answer(ends.other.get());
  CHECK(answer.is_whole);
  CHECK(answer.granted.why == "no");
  CHECK_FALSE(answer.granted.fd);

  REQUIRE(::send(ends.one.get(), "rubbish", 7, 0) == 7);
  CHECK_FALSE(receive_answer(ends.other.get()).is_whole);
  ends.one.reset();
  CHECK_FALSE(receive_answer(ends.other.get()).is_whole);
  CHECK_FALSE(send_answer(ends.other.get(), {Fd(), "no"}));
}
