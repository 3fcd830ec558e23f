// SPDX-License-Identifier: Apache-2.0
#include "core/net/outgoing.hh"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>

#include "certificates.hh"
#include "core/base/clock.hh"

namespace stook {

namespace {
constexpr int64_t second = 1'000'000'000;

int64_t in(int64_t ns) {
  return monotonic_ns() + ns;
}

/// Listens on a free port of the loopback; accepts as many as the test asks for.
struct Ear {
  explicit Ear(int backlog = 5) : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    SocketAddress any = *SocketAddress::of(parse_endpoint("127.0.0.1:0"));
    REQUIRE(::bind(fd.get(), any.get(), any.length()) == 0);
    REQUIRE(::listen(fd.get(), backlog) == 0);
  }
  Endpoint endpoint() const { return parse_endpoint(SocketAddress::of_socket(fd.get()).text()); }
  Fd accept() const { return Fd(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
  Fd fd;
};

std::string receive(const Fd& fd, size_t size) {
  std::string got(size, '\0');
  ssize_t count = ::recv(fd.get(), got.data(), size, MSG_WAITALL);
  got.resize(count < 0 ? 0 : static_cast<size_t>(count));
  return got;
}

Written write(Outgoing& out, std::string text, int64_t until) {
  iovec part{text.data(), text.size()};
  return out.write({&part, 1}, until);
}

std::unique_ptr<TlsContext> client() {
  TlsConfig config;
  config.tls = true;
  config.tls_ca = Certificates::get().path("ca.pem");
  return std::make_unique<TlsContext>(config, TlsRole::Client);
}

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}
}  // namespace

TEST_CASE("families take turns and keep their order") {
  std::vector<SocketAddress> given;
  for (const char* text : {"[::1]:1", "[::1]:2", "[::1]:3", "1.0.0.1:4", "1.0.0.1:5"}) {
    given.push_back(*SocketAddress::of(parse_endpoint(text)));
  }
  std::string order;
  for (const SocketAddress& address : interleave_families(given)) {
    order += std::to_string(address.port());
  }
  CHECK(order == "14253");
  CHECK(interleave_families({}).empty());
}

TEST_CASE("an address that refuses gives way to the next at once") {
  room::enter(room::carrier);
  Ear ear;
  Fd shut(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));  // has its port, and does not listen
  SocketAddress any = *SocketAddress::of(parse_endpoint("127.0.0.1:0"));
  REQUIRE(::bind(shut.get(), any.get(), any.length()) == 0);
  SocketAddress wrong = SocketAddress::of_socket(shut.get());
  SocketAddress right = *SocketAddress::of(ear.endpoint());
  Fd fd;
  // A busy machine may be slow in between, but not each time.
  int64_t least = INT64_MAX;
  for (int i = 0; i < 5 && least >= Dialer::stagger; i++) {
    Dialer dialer({wrong, right}, 30 * second);
    int64_t begin = monotonic_ns();
    CHECK(dialer.go_on(in(30 * second)) == Advance::Done);
    least = std::min(least, monotonic_ns() - begin);
    CHECK(dialer.address().text() == ear.endpoint().text());
    fd = dialer.take();
  }
  CHECK(least < Dialer::stagger);
  int value = 0;
  socklen_t size = sizeof value;
  REQUIRE(::getsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &value, &size) == 0);
  CHECK(value == 1);

  Dialer lost({wrong}, 5 * second);
  CHECK(lost.go_on(in(5 * second)) == Advance::Failed);
  CHECK(lost.reason() == "cannot connect to " + wrong.text() + ": Connection refused");
}

TEST_CASE("a silent address is overtaken after a moment, and given up after its time") {
  room::enter(room::carrier);
  Ear deaf(0);  // its queue is full once one waits there, and the kernel drops what comes then
  SocketAddress silent = *SocketAddress::of(deaf.endpoint());
  std::vector<Fd> waiting;
  for (int i = 0; i < 2; i++) {
    waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    (void)::connect(waiting.back().get(), silent.get(), silent.length());
  }
  Ear ear;
  Dialer dialer({silent, *SocketAddress::of(ear.endpoint())}, 5 * second);
  CHECK(dialer.go_on(in(0)) == Advance::Pending);
  CHECK(dialer.reason() == "connecting to " + silent.text());
  CHECK(dialer.go_on(in(5 * second)) == Advance::Done);
  CHECK(dialer.address().text() == ear.endpoint().text());

  Dialer late({silent}, second / 20);
  CHECK(late.go_on(in(5 * second)) == Advance::Failed);
  CHECK(late.reason() == "cannot connect: no answer from " + silent.text() + " within 50 ms");
}

TEST_CASE("a name that is none is said so, and addresses need no asking") {
  room::enter(room::carrier);
  Resolver resolver(parse_endpoint("[::1]:514"), SOCK_STREAM);
  CHECK(resolver.ask(0) == Advance::Done);
  CHECK(resolver.addresses().front().text() == "[::1]:514");
  Resolver local(parse_endpoint("localhost:514"), SOCK_STREAM);
  CHECK(local.ask(in(10 * second)) == Advance::Done);
  CHECK_FALSE(local.addresses().empty());
}

TEST_CASE("what is written arrives, and is acknowledged") {
  room::enter(room::carrier);
  Ear ear;
  Outgoing out(ear.endpoint(), nullptr, second);
  REQUIRE(out.connect(in(5 * second)) == Advance::Done);
  Fd peer = ear.accept();
  CHECK(out.look());
  CHECK(out.is_exact());
  std::string a = "first ", b = "second";
  iovec parts[] = {{a.data(), a.size()}, {b.data(), b.size()}};
  Written written = out.write(parts, in(second));
  CHECK(written.advance == Advance::Done);
  CHECK(written.bytes == 12);
  CHECK(receive(peer, 12) == "first second");
  CHECK(out.wait_acknowledged(in(5 * second)) == Advance::Done);
}

TEST_CASE("an end that the peer has made is seen before anything is written") {
  room::enter(room::carrier);
  Ear ear;
  Outgoing out(ear.endpoint(), nullptr, second);
  REQUIRE(out.connect(in(5 * second)) == Advance::Done);
  Fd peer = ear.accept();
  REQUIRE(::send(peer.get(), "hello", 5, 0) == 5);  // of no interest
  CHECK(out.look());
  REQUIRE(::shutdown(peer.get(), SHUT_WR) == 0);
  bool is_there = true;
  for (int64_t end = in(30 * second); is_there && monotonic_ns() < end;) {
    is_there = out.look();
    std::this_thread::yield();
  }
  CHECK_FALSE(is_there);
  CHECK(out.reason() == ear.endpoint().text() + ": the peer closed the connection");
  out.close();
  CHECK(out.connect(in(5 * second)) == Advance::Done);
}

TEST_CASE("a peer that takes nothing makes a write wait, and what was not taken is counted") {
  room::enter(room::carrier);
  Ear ear;
  Outgoing out(ear.endpoint(), nullptr, second);
  REQUIRE(out.connect(in(5 * second)) == Advance::Done);
  Fd peer = ear.accept();
  std::string much(64 << 20, 'x');
  iovec part{much.data(), much.size()};
  Written written = out.write({&part, 1}, in(second / 20));
  CHECK(written.advance == Advance::Pending);
  CHECK(written.bytes < much.size());
  CHECK(out.unacknowledged() > 0);
  CHECK(has(out.reason(), "the peer takes nothing; "));
  CHECK(out.wait_acknowledged(in(second / 100)) == Advance::Pending);
  CHECK(has(out.reason(), "the peer has not acknowledged "));
  uint64_t acknowledged = written.bytes - out.unacknowledged();
  CHECK(acknowledged > 0);
  // The peer resets: what its kernel had acknowledged stays known.
  linger hard{1, 0};
  (void)::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  peer.reset();
  CHECK(out.wait_acknowledged(in(5 * second)) == Advance::Failed);
  CHECK(written.bytes - out.unacknowledged() >= acknowledged);
}

TEST_CASE("what a unix peer had not read when it died is not acknowledged, and what it had is") {
  room::enter(room::carrier);
  Fd ear(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Endpoint endpoint = parse_endpoint("@stook-outgoing-test-" + std::to_string(::getpid()));
  SocketAddress address = *SocketAddress::of(endpoint);
  REQUIRE(::bind(ear.get(), address.get(), address.length()) == 0);
  REQUIRE(::listen(ear.get(), 5) == 0);
  bool has_read = GENERATE(true, false);
  Outgoing out(endpoint, nullptr, second);
  REQUIRE(out.connect(in(second)) == Advance::Done);
  CHECK_FALSE(out.is_exact());
  Fd peer(::accept(ear.get(), nullptr, nullptr));
  REQUIRE(write(out, "twelve bytes", in(second)).bytes == 12);
  CHECK(out.wait_acknowledged(in(0)) == Advance::Pending);
  if (has_read) {
    CHECK(receive(peer, 12) == "twelve bytes");
  }
  peer.reset();
  CHECK(out.wait_acknowledged(in(second)) == (has_read ? Advance::Done : Advance::Failed));
  CHECK((out.unacknowledged() == 0) == has_read);
}

TEST_CASE("a peer that is silent in the handshake is given up after its time") {
  room::enter(room::carrier);
  Ear ear;
  Outgoing out(ear.endpoint(), client(), second / 2);  // longer than the first call takes
  CHECK(out.connect(in(0)) == Advance::Pending);
  CHECK(out.connect(in(5 * second)) == Advance::Failed);
  CHECK(has(out.reason(), "TLS: the peer has not finished the handshake within 500 ms"));
  CHECK_FALSE(out.is_refusal());
}

TEST_CASE("over TLS bytes arrive, and a wrong certificate is a matter of settings") {
  room::enter(room::carrier);
  Ear ear;
  bool is_expired = GENERATE(false, true);
  TlsConfig config;
  config.tls = true;
  config.tls_cert = Certificates::get().path(is_expired ? "expired.pem" : "server.pem");
  config.tls_key = Certificates::get().path(is_expired ? "expired.key" : "server.key");
  config.tls_client_ca = Certificates::get().path("ca.pem");
  std::string got;
  std::thread server([&] {
    Fd peer = ear.accept();
    TlsContext context(config, TlsRole::Server);
    auto session = context.session(peer.get());
    bool is_up = false;
    for (TlsStep step{TlsStatus::WantRead}; step.status != TlsStatus::Failed && step.status != TlsStatus::Closed;) {
      char bytes[64];
      step = is_up ? session->read(bytes, sizeof bytes) : session->handshake();
      is_up = is_up || step.status == TlsStatus::Done;
      got += std::string(bytes, step.status == TlsStatus::Done ? step.bytes : 0);
    }
  });
  TlsConfig own;
  own.tls = true;
  own.tls_ca = Certificates::get().path("ca.pem");
  own.tls_name = "logs.example";
  own.tls_cert = Certificates::get().path("client.pem");
  own.tls_key = Certificates::get().path("client.key");
  Outgoing out(ear.endpoint(), std::make_unique<TlsContext>(own, TlsRole::Client), 5 * second);
  Advance advance = out.connect(in(5 * second));
  if (is_expired) {
    CHECK(advance == Advance::Failed);
    CHECK(out.reason() == ear.endpoint().text() + ": TLS: the certificate of 'logs.example' has expired");
    CHECK(out.is_refusal());
  } else {
    REQUIRE(advance == Advance::Done);
    CHECK(has(out.peer(), " over TLSv1.3"));
    CHECK(write(out, "twelve bytes", in(5 * second)).bytes == 12);
    CHECK(out.wait_acknowledged(in(5 * second)) == Advance::Done);
    out.close();
  }
  server.join();
  CHECK(got == (is_expired ? "" : "twelve bytes"));
}

}  // namespace stook
