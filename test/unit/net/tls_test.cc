// SPDX-License-Identifier: Apache-2.0
#include "core/net/tls.hh"

#include <sys/socket.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "certificates.hh"
#include "core/base/fd.hh"
#include "core/base/status.hh"

namespace stook {

namespace {
std::string file(const std::string& name) {
  return Certificates::get().path(name);
}

TlsConfig client_config() {
  TlsConfig config;
  config.tls = true;
  config.tls_ca = file("ca.pem");
  return config;
}

TlsConfig server_config() {
  TlsConfig config;
  config.tls = true;
  config.tls_cert = file("server.pem");
  config.tls_key = file("server.key");
  return config;
}

bool is_waiting(TlsStatus status) {
  return status == TlsStatus::WantRead || status == TlsStatus::WantWrite;
}

/// Two ends on one pair of sockets, played in turn.
struct Ends {
  Ends(const TlsConfig& client_, const TlsConfig& server_, const std::string& host = "logs.example")
      : client_context(client_, TlsRole::Client), server_context(server_, TlsRole::Server) {
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    client_fd.reset(pair[0]);
    server_fd.reset(pair[1]);
    client = client_context.session(pair[0], host);
    server = server_context.session(pair[1]);
  }

  void shake_hands() {
    client_status = server_status = TlsStatus::WantRead;
    for (int turn = 0; turn < 20 && (is_waiting(client_status) || is_waiting(server_status)); turn++) {
      client_status = is_waiting(client_status) ? client->handshake().status : client_status;
      server_status = is_waiting(server_status) ? server->handshake().status : server_status;
    }
  }
  bool is_up() const { return client_status == TlsStatus::Done && server_status == TlsStatus::Done; }

  TlsContext client_context, server_context;
  Fd client_fd, server_fd;
  std::unique_ptr<TlsSession> client, server;
  TlsStatus client_status{}, server_status{};
};

std::string setup_fault(const TlsConfig& config, TlsRole role) {
  try {
    TlsContext context(config, role);
  } catch (const SetupError& error) {
    return error.what();
  }
  return "none";
}

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}
}  // namespace

TEST_CASE("bytes arrive as they were written, both ways, and an end in order is told") {
  TlsConfig client = client_config();
  client.tls_min = TlsLeast::Tls13;
  Ends ends(client, server_config());
  ends.shake_hands();
  REQUIRE(ends.is_up());
  CHECK(ends.client->version() == "TLSv1.3");
  CHECK(ends.client->peer() == "CN=server");
  CHECK_FALSE(ends.client->was_asked_for_certificate());
  char got[64];
  CHECK(ends.server->read(got, sizeof got).status == TlsStatus::WantRead);
  TlsStep put = ends.client->write("twelve bytes", 12);
  REQUIRE(put.status == TlsStatus::Done);
  CHECK(put.bytes == 12);
  TlsStep step = ends.server->read(got, 5);
  REQUIRE(step.status == TlsStatus::Done);
  CHECK(std::string(got, step.bytes) == "twelv");
  CHECK(ends.server->pending() == 7);
  step = ends.server->read(got, sizeof got);
  CHECK(std::string(got, step.bytes) == "e bytes");
  REQUIRE(ends.server->write("back", 4).status == TlsStatus::Done);
  step = ends.client->read(got, sizeof got);
  CHECK(std::string(got, step.bytes) == "back");
  ends.client->close();
  CHECK(ends.server->read(got, sizeof got).status == TlsStatus::Closed);
  CHECK(ends.server->reason() == "the peer closed the connection");
}

TEST_CASE("a peer that goes without a word is an answer and no signal") {
  Ends ends(client_config(), server_config());
  ends.shake_hands();
  REQUIRE(ends.is_up());
  ends.server.reset();
  ends.server_fd.reset();
  char got[64];
  TlsStatus status = TlsStatus::Done;
  for (int turn = 0; turn < 3 && status == TlsStatus::Done; turn++) {
    status = ends.client->write("lost", 4).status;
  }
  CHECK(status == TlsStatus::Failed);
  CHECK(ends.client->reason() == "Broken pipe");
  CHECK(ends.client->read(got, sizeof got).status == TlsStatus::Closed);
}

TEST_CASE("the client believes neither a wrong name nor a wrong CA nor an expired certificate") {
  SECTION("name") {
    Ends ends(client_config(), server_config(), "other.example");
    ends.shake_hands();
    CHECK(ends.client->reason() ==
          "the certificate of the peer is not for 'other.example'; tls_name says another name");
    CHECK(ends.client->is_refusal());
  }
  SECTION("address") {
    Ends good(client_config(), server_config(), "127.0.0.1");
    good.shake_hands();
    CHECK(good.is_up());
    Ends ends(client_config(), server_config(), "127.0.0.2");
    ends.shake_hands();
    CHECK(has(ends.client->reason(), "is not for '127.0.0.2'"));
  }
  SECTION("CA") {
    TlsConfig client = client_config();
    client.tls_ca = file("other.pem");
    Ends ends(client, server_config());
    ends.shake_hands();
    CHECK(has(ends.client->reason(), "the certificate of 'logs.example' is of an unknown CA"));
    CHECK(has(ends.server->reason(), "the peer does not know the CA of the certificate in tls_cert"));
  }
  SECTION("time") {
    TlsConfig server = server_config();
    server.tls_cert = file("expired.pem");
    server.tls_key = file("expired.key");
    Ends ends(client_config(), server);
    ends.shake_hands();
    CHECK(ends.client->reason() == "the certificate of 'logs.example' has expired");
    CHECK(ends.server->reason() == "the peer says that the certificate shown to it has expired");
  }
  SECTION("unless it is told to") {
    TlsConfig client = client_config();
    client.tls_ca = file("other.pem");
    client.tls_verify = false;
    Ends ends(client, server_config(), "other.example");
    ends.shake_hands();
    CHECK(ends.is_up());
  }
}

TEST_CASE("a server with a client CA takes no stranger") {
  TlsConfig server = server_config();
  server.tls_client_ca = file("ca.pem");
  char got[64];
  SECTION("a known client is in") {
    TlsConfig client = client_config();
    client.tls_cert = file("client.pem");
    client.tls_key = file("client.key");
    Ends ends(client, server);
    ends.shake_hands();
    REQUIRE(ends.is_up());
    CHECK(ends.client->was_asked_for_certificate());
    CHECK(ends.server->peer() == "CN=client");
    // The server's word on the certificate comes behind the handshake, as tickets.
    uint64_t before = ends.client->received();
    CHECK(ends.client->read(got, sizeof got).status == TlsStatus::WantRead);
    CHECK(ends.client->received() > before);
  }
  SECTION("without a certificate") {
    Ends ends(client_config(), server);
    ends.shake_hands();
    CHECK(ends.server->reason() == "the client shows no certificate");
    CHECK(ends.client->read(got, sizeof got).status == TlsStatus::Failed);
    CHECK(ends.client->reason() == "the peer demands a client certificate; tls_cert names one");
    CHECK(ends.client->is_refusal());
  }
  SECTION("with one of another CA") {
    TlsConfig client = client_config();
    client.tls_cert = file("other.pem");
    client.tls_key = file("other.key");
    Ends ends(client, server);
    ends.shake_hands();
    CHECK(ends.server_status == TlsStatus::Failed);
    CHECK(ends.client->read(got, sizeof got).status == TlsStatus::Failed);
    CHECK(ends.client->reason() == "the peer does not know the CA of the certificate in tls_cert");
  }
}

TEST_CASE("a peer that speaks something else is told apart") {
  Ends ends(client_config(), server_config());
  REQUIRE(ends.client->handshake().status == TlsStatus::WantRead);
  REQUIRE(::send(ends.server_fd.get(), "220 mail.example ESMTP\r\n", 24, MSG_NOSIGNAL) == 24);
  CHECK(ends.client->handshake().status == TlsStatus::Failed);
  CHECK(ends.client->reason() == "the peer does not speak TLS");
  CHECK(ends.client->is_refusal());
}

TEST_CASE("files that are no good are named with the reason") {
  TlsConfig server = server_config();
  SECTION("absent") {
    server.tls_client_ca = "/nowhere/ca.pem";
    CHECK(setup_fault(server, TlsRole::Server) ==
          "tls_client_ca: cannot read /nowhere/ca.pem: No such file or directory");
  }
  SECTION("a folder") {
    server.tls_cert = "/";
    CHECK(setup_fault(server, TlsRole::Server) == "tls_cert: / is a folder; it takes a file in PEM");
  }
  SECTION("no certificate in it") {
    server.tls_cert = file("server.key");
    CHECK(setup_fault(server, TlsRole::Server) ==
          "tls_cert: " + server.tls_cert + " holds no certificate in PEM: no start line");
  }
  SECTION("another's key") {
    server.tls_key = file("client.key");
    CHECK(has(setup_fault(server, TlsRole::Server), "client.key is not the key of the certificate in tls_cert"));
  }
  SECTION("a key that all may read") {
    std::string open = file("open.key");
    std::filesystem::copy_file(file("server.key"), open, std::filesystem::copy_options::overwrite_existing);
    REQUIRE(::chmod(open.c_str(), 0644) == 0);
    server.tls_key = open;
    CHECK(setup_fault(server, TlsRole::Server) ==
          "tls_key: others may read or write " + open + "; `chmod 0600` makes it private");
  }
  SECTION("no certificate for a server") {
    TlsConfig bare;
    bare.tls = true;
    CHECK(setup_fault(bare, TlsRole::Server) ==
          "tls: who listens needs a certificate to show; tls_cert names its file");
  }
  SECTION("no use without TLS") {
    server.tls = false;
    CHECK_THROWS_WITH(declare_tls(server, TlsRole::Server, "."),
                      "tls_cert: has no use without TLS; set tls = yes or leave it out");
  }
}

TEST_CASE("changed files are in use after a reload, and bad ones are not") {
  std::string cert = file("moving.pem"), key = file("moving.key");
  auto put = [&](const std::string& name) {
    for (auto& [to, end] : {std::pair{cert, ".pem"}, std::pair{key, ".key"}}) {
      std::filesystem::remove(to);
      std::filesystem::copy_file(file(name + end), to);
    }
  };
  put("expired");
  TlsConfig server = server_config();
  server.tls_cert = cert;
  server.tls_key = key;
  Ends ends(client_config(), server);
  CHECK(ends.server_context.reload().empty());
  CHECK(ends.server_context.reloads() == 0);
  put("server");
  CHECK(ends.server_context.reload().empty());
  CHECK(ends.server_context.reloads() == 1);
  std::ofstream(cert) << "no certificate\n";
  CHECK(has(ends.server_context.reload(), "moving.pem holds no certificate in PEM"));
  ends.server = ends.server_context.session(ends.server_fd.get());
  ends.shake_hands();
  CHECK(ends.is_up());
}

}  // namespace stook
