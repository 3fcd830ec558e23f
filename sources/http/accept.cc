// SPDX-License-Identifier: Apache-2.0
/// How the http source takes connections and lets go of them.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

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
}  // namespace

HttpServer::~HttpServer() = default;

void HttpServer::start() {
  if (config_.tls) {
    tls_.emplace(config_, TlsRole::Server);
  }
  acceptor_.open();
  for (const Listening& listening : config_.listenings) {
    listeners_.push_back(std::make_unique<Listener>(*this, listening, rows_.feed().id()));
    log_event(Level::Notice, "listening",
              Fields()("instance", rows_.feed().id())("address", listeners_.back()->socket->text())(
                  "socket", listening.is_secure ? "tls" : "stream"));
  }
  watch_listeners();
  seconds_.on_time<&HttpServer::on_second>(loop(), this, second, second);
}

void HttpServer::watch_listeners() {
  for (auto& listener : listeners_) {
    listener->watcher.on_readable<&Listener::on_readable>(loop(), listener.get(), listener->socket->fd());
  }
}

void HttpServer::accept_some(Listener& listener) {
  bury();
  for (size_t i = 0; i < accepted_a_turn && accept_one(listener); i++) {}
}

bool HttpServer::accept_one(Listener& listener) {
  Accepted accepted = acceptor_.accept(*listener.socket, rows_.feed());
  if (accepted.step == Accepted::Step::Exhausted) {
    rest();
  }
  if (accepted.step == Accepted::Step::Taken) {
    add(std::move(accepted.fd), std::move(accepted.peer), listener);
  }
  return accepted.step == Accepted::Step::Taken || accepted.step == Accepted::Step::Refused;
}

void HttpServer::add(Fd fd, Peer peer, Listener& listener) {
  int one = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  auto made = std::make_unique<HttpConnection>(*this, std::move(fd), std::move(peer), ++accepted_);
  HttpConnection& connection = *made;
  connection.place = connections_.size();
  connection.since = connection.active_at = loop().now();
  connections_.push_back(std::move(made));
  by_number_[connection.number] = &connection;
  if (listener.socket->listening().is_secure) {
    try {
      connection.session = tls_->session(connection.fd.get());
    } catch (const SetupError&) {
      close(connection);
      acceptor_.exhaust(*listener.socket, rows_.feed(), ENOMEM);
      rest();
      return;
    }
    connection.state = HttpState::Handshake;
  }
  connection.reading.on_readable<&HttpConnection::on_readable>(loop(), &connection, connection.fd.get());
}

// Who waits to be accepted waits a second.
void HttpServer::rest() {
  for (auto& one : listeners_) {
    one->watcher.stop();
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
  acceptor_.release(connection.peer);
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
  bury();  // what has just been closed ends now, and not in a second
}

void HttpServer::close_silent(HttpConnection& connection, const char* why, Level level) {
  static LogLimit warnings, others;
  if (auto pass = (level == Level::Warning ? warnings : others).pass()) {
    log_event(level, "connection_silent",
              Fields()("instance", rows_.feed().id())("peer", connection.peer.text())("reason", why)("suppressed",
                                                                                                     pass.suppressed));
  }
  close(connection);
}

// No head came, or no whole one. A connection that was kept for another request ends in order.
void HttpServer::end_waiting(HttpConnection& connection) {
  if (!connection.in.empty()) {
    (void)refuse(connection, {408, "the head did not come in time"}, true);
  } else if (connection.has_served) {
    close_silent(connection, "silence", Level::Info);
  } else {
    close_silent(connection, "nothing was sent");
  }
}

// Closes what is silent, or slow, for longer than it may. Who is told so by 408 is logged as refused.
void HttpServer::look_at(HttpConnection& connection, int64_t now) {
  int64_t idle = connection.has_served ? config_.idle.ns : config_.first_byte.ns;
  idle = acceptor_.is_crowded() ? std::min(idle, crowded_most) : idle;
  if (!connection.out.empty() && now - connection.active_at >= config_.unfinished.ns) {
    close_silent(connection, "the answer was not read");
    return;
  }
  switch (connection.state) {
    case HttpState::Handshake:
      if (now - connection.since >= config_.first_byte.ns) {
        rows_.feed().count(Remark::TlsFailures, 1);
        close_silent(connection, "no handshake");
      }
      return;
    case HttpState::Head:
      if (now - connection.since >= (connection.in.empty() ? idle : config_.first_byte.ns)) {
        end_waiting(connection);
      }
      return;
    case HttpState::Body:
    case HttpState::Discard:
      if (now - connection.active_at >= config_.unfinished.ns) {
        connection.state == HttpState::Body ? (void)refuse(connection, {408, "the body did not come in time"}, true)
                                            : close_silent(connection, "silence within a body");
      }
      return;
    case HttpState::Linger:
      if (now - connection.since >= linger_most) {
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
    listener->socket->close();
  }
  listeners_.clear();
}

void HttpServer::stop() {
  is_stopped_ = true;
  for (auto& listener : listeners_) {
    listener->watcher.stop();
    listener->socket->offer({});
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

void HttpServer::hand_back() {
  stop();
  for (auto& listener : listeners_) {
    BoundSocket::hand_back(std::move(listener->socket));
  }
  listeners_.clear();
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
