// SPDX-License-Identifier: Apache-2.0
/// How a StreamServer takes connections, and refuses them.
#include <errno.h>
#include <sys/epoll.h>

#include <utility>

#include "core/base/status.hh"
#include "core/net/streams.hh"

namespace stook {

namespace {
constexpr int64_t second = 1'000'000'000;
constexpr size_t accepted_a_turn = 64;
}  // namespace

void StreamServer::accept_some(size_t listener) {
  for (size_t i = 0; i < accepted_a_turn && accept_one(listener); i++) {}
}

/// False when nobody waits, or no descriptor is left.
bool StreamServer::accept_one(size_t listener) {
  const BoundSocket& bound = *listeners_[listener];
  Accepted accepted = acceptor_.accept(bound, rows_.feed());
  if (accepted.step == Accepted::Step::Exhausted) {
    stop_accepting();
  }
  if (accepted.step != Accepted::Step::Taken) {
    return accepted.step == Accepted::Step::Refused;
  }
  auto connection = std::make_unique<Connection>(std::move(accepted.fd), std::move(accepted.peer), 0);
  if (bound.listening().is_secure) {
    try {
      connection->session = tls_->session(connection->fd());
    } catch (const SetupError& error) {
      acceptor_.release(connection->peer);
      acceptor_.exhaust(bound, rows_.feed(), ENOMEM);
      stop_accepting();
      return false;
    }
    connection->is_shaking_hands = true;
  }
  adopt(std::move(connection), listener);
  return true;
}

/// REQUIRES: the acceptor has counted it.
void StreamServer::adopt(std::unique_ptr<Connection> connection, size_t listener) {
  connection->number = ++accepted_;
  connection->listener = static_cast<uint32_t>(listener);
  connection->place = static_cast<uint32_t>(connections_.size());
  connection->is_queued = false;
  connection->active_at = now_;
  connections_.push_back(std::move(connection));
  Connection& added = *connections_.back();
  if (protocol_ != nullptr) {
    added.reader = protocol_->reader(added);
  } else if (!added.reader) {
    added.reader = std::make_unique<StreamReader>();
  }
  added.reader->count_in(shape_);
  watch_connection(added, true);
  if (protocol_ != nullptr && !added.is_shaking_hands) {
    protocol_->begin(added);
  }
  look_after(added);
  if (added.has_pending()) {
    queue(added);
  }
}

void StreamServer::watch_connection(Connection& connection, bool is_new) {
  epoll_event event{};
  connection.is_write_watched = connection.wants_write || connection.has_to_send();
  event.events = connection.is_write_watched ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = &connection;
  epoll_ctl(epoll_.get(), is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection.fd(), &event);
}

void StreamServer::watch_writes(Connection& connection) {
  if (connection.is_write_watched != (connection.wants_write || connection.has_to_send())) {
    watch_connection(connection, false);
  }
}

void StreamServer::watch_listener(size_t listener) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = listener;  // no connection has so small an address
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listeners_[listener]->fd(), &event);
}

void StreamServer::watch_listeners() {
  for (size_t i = 0; i < listeners_.size(); i++) {
    if (!listeners_[i]->is_resting()) {
      watch_listener(i);
    }
  }
}

/// The others wait a second.
void StreamServer::stop_accepting() {
  for (auto& listener : listeners_) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener->fd(), nullptr);
  }
  again_.on_time<&StreamServer::watch_listeners>(loop(), this, second);
}

}  // namespace stook
