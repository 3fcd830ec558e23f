// SPDX-License-Identifier: Apache-2.0
/// How the http source takes connections and lets go of them.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "core/base/log.hh"
#include "core/base/status.hh"
#include "sources/http/server.hh"

namespace stook {

namespace {
constexpr int64_t second = 1'000'000'000;
constexpr size_t accepted_a_turn = 64;
/// How long a peer may take to read a last answer.
constexpr int64_t linger_most = 2 * second;
/// What a silent peer has when connections run out.
constexpr int64_t crowded_most = 5 * second;

Fd open_reserve() {
  return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}
}  // namespace

HttpServer::~HttpServer() = default;

void HttpServer::start() {
  if (config_.tls) {
    tls_.emplace(config_, TlsRole::Server);
  }
  reserve_ = open_reserve();
  for (const Listening& listening : config_.listenings) {
    listeners_.push_back(std::make_unique<Listener>(*this, listening, rows_.feed().id()));
    log_event(Level::Notice, "listening",
              Fields()("instance", rows_.feed().id())("address", listeners_.back()->socket.text())(
                  "socket", listening.is_secure ? "tls" : "stream"));
  }
  watch_listeners();
  seconds_.on_time<&HttpServer::on_second>(loop(), this, second, second);
}

void HttpServer::watch_listeners() {
  for (auto& listener : listeners_) {
    listener->watcher.on_readable<&Listener::on_readable>(loop(), listener.get(), listener->socket.fd());
  }
}

void HttpServer::accept_some(Listener& listener) {
  bury();
  for (size_t i = 0; i < accepted_a_turn && accept_one(listener); i++) {}
}

bool HttpServer::accept_one(Listener& listener) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  Fd fd(::accept4(listener.socket.fd(), reinterpret_cast<sockaddr*>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      rest(errno);
      return false;
    }
    return errno != EAGAIN;
  }
  Peer peer{SocketAddress(reinterpret_cast<const sockaddr*>(&address), length), std::nullopt};
  ucred process{};
  socklen_t size = sizeof process;
  if (peer.address.is_unix() && ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &process, &size) == 0) {
    peer.process = process;
  }
  if (const char* why = refusal(peer)) {
    static LogLimit limit;
    if (auto pass = limit.pass()) {
      log_event(Level::Warning, "connection_refused",
                Fields()("instance", rows_.feed().id())("peer", peer.text())("reason", why)(
                    "open", uint64_t{connections_.size()})("suppressed", pass.suppressed));
    }
    return true;
  }
  add(std::move(fd), std::move(peer), listener.socket.listening().is_secure);
  return true;
}

const char* HttpServer::refusal(const Peer& peer) {
  if (connections_.size() >= config_.connections) {
    return "as many connections as `connections` allows are open";
  }
  auto group = groups_.find(std::string(peer.address.peer_group()));
  if (!peer.process && group != groups_.end() && group->second >= config_.connections_per_address) {
    return "its address has as many connections as `connections_per_address` allows";
  }
  return nullptr;
}

void HttpServer::add(Fd fd, Peer peer, bool is_secure) {
  int one = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  groups_[std::string(peer.address.peer_group())]++;
  auto made = std::make_unique<HttpConnection>(*this, std::move(fd), std::move(peer), ++accepted_);
  HttpConnection& connection = *made;
  connection.place = connections_.size();
  connection.since = connection.active_at = loop().now();
  connections_.push_back(std::move(made));
  by_number_[connection.number] = &connection;
  if (is_secure) {
    try {
      connection.session = tls_->session(connection.fd.get());
    } catch (const SetupError&) {
      close(connection);
      return;
    }
    connection.state = HttpState::Handshake;
  }
  connection.reading.on_readable<&HttpConnection::on_readable>(loop(), &connection, connection.fd.get());
}

// No descriptors, or no memory: one peer is told so by closing its connection, the others wait a second.
void HttpServer::rest(int code) {
  static LogLimit limit(1);
  if (auto pass = limit.pass()) {
    log_event(Level::Error, "accept_failed",
              Fields()("instance", rows_.feed().id())("reason", std::strerror(code))(
                  "open", uint64_t{connections_.size()})("suppressed", pass.suppressed));
  }
  if (code == EMFILE || code == ENFILE) {
    reserve_.reset();
    for (auto& listener : listeners_) {
      Fd unwanted(::accept4(listener->socket.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    }
    reserve_ = open_reserve();
  }
  for (auto& listener : listeners_) {
    listener->watcher.stop();
  }
  again_.on_time<&HttpServer::watch_listeners>(loop(), this, second);
}

void HttpServer::close(HttpConnection& connection) {
  if (connection.is_dead) {
    return;
  }
  let_go(connection);
  connection.is_dead = true;
  connection.reading.stop();
  connection.writing.stop();
  auto group = groups_.find(std::string(connection.peer.address.peer_group()));
  if (group != groups_.end() && --group->second == 0) {
    groups_.erase(group);
  }
  by_number_.erase(connection.number);
  size_t place = connection.place;
  dead_.push_back(std::move(connections_[place]));
  if (place + 1 < connections_.size()) {
    connections_[place] = std::move(connections_.back());
    connections_[place]->place = place;
  }
  connections_.pop_back();
}

void HttpServer::on_second() {
  bury();
  int64_t now = loop().now();
  for (size_t i = connections_.size(); i > 0; i--) {
    if (i <= connections_.size()) {
      look_at(*connections_[i - 1], now);
    }
  }
}

// Closes what is silent, or slow, for longer than it may.
void HttpServer::look_at(HttpConnection& connection, int64_t now) {
  bool is_crowded = connections_.size() * 10 >= config_.connections * 9;
  int64_t idle = connection.has_served ? config_.idle.ns : config_.first_byte.ns;
  idle = is_crowded ? std::min(idle, crowded_most) : idle;
  if (!connection.out.empty() && now - connection.active_at > config_.unfinished.ns) {
    close(connection);
    return;
  }
  switch (connection.state) {
    case HttpState::Handshake:
      if (now - connection.since > config_.first_byte.ns) {
        close(connection);
      }
      return;
    case HttpState::Head:
      if (connection.in.empty() ? now - connection.since > idle : now - connection.since > config_.first_byte.ns) {
        connection.in.empty() ? close(connection)
                              : (void)refuse(connection, {408, "the head did not come in time"}, true);
      }
      return;
    case HttpState::Body:
    case HttpState::Discard:
      if (now - connection.active_at > config_.unfinished.ns) {
        connection.state == HttpState::Body ? (void)refuse(connection, {408, "the body did not come in time"}, true)
                                            : close(connection);
      }
      return;
    case HttpState::Linger:
      if (now - connection.since > linger_most) {
        close(connection);
      }
      return;
    default:
      return;  // it waits for us
  }
}

void HttpServer::end() {
  for (auto& listener : listeners_) {
    listener->watcher.stop();
    listener->socket.close();
  }
  listeners_.clear();
}

void HttpServer::stop() {
  is_stopped_ = true;
  for (auto& listener : listeners_) {
    listener->watcher.stop();
    listener->socket.offer({});
  }
  again_.stop();
  ready_timer_.stop();
  seconds_.stop();
  for (size_t i = connections_.size(); i > 0; i--) {
    HttpConnection& connection = *connections_[i - 1];
    connection.reading.stop();
    if (connection.state == HttpState::Body || connection.state == HttpState::Feed) {
      answer(connection, 503, "stookd ends");
    }
    if (!connection.is_dead && connection.state != HttpState::Acknowledge) {
      close(connection);
    }
  }
}

void HttpServer::close() {
  while (!connections_.empty()) {
    close(*connections_.back());
  }
  bury();
}

void HttpServer::reopen() {
  if (!tls_) {
    return;
  }
  if (std::string why = tls_->reload(); !why.empty()) {
    log_event(Level::Error, "tls_not_reloaded", Fields()("instance", rows_.feed().id())("reason", why));
  }
}

}  // namespace stook
