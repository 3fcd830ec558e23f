// SPDX-License-Identifier: Apache-2.0
/// How a StreamServer takes connections, and refuses them.
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "core/base/log.hh"
#include "core/base/status.hh"
#include "core/net/streams.hh"

namespace stook {

namespace {

constexpr int64_t second = 1'000'000'000;
constexpr size_t accepted_a_turn = 64;

/// What accept(2) says of a connection that has gone before it was taken, and of nothing else.
bool is_of_peer(int code) {
  for (int one :
       {ECONNABORTED, EINTR, EPROTO, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENOPROTOOPT, EOPNOTSUPP}) {
    if (code == one) {
      return true;
    }
  }
  return false;
}

Fd accept_from(int listener, SocketAddress& from) {
  sockaddr_storage address;
  socklen_t length = sizeof address;
  Fd fd(accept4(listener, reinterpret_cast<sockaddr*>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  from = fd ? SocketAddress(reinterpret_cast<const sockaddr*>(&address), length) : SocketAddress();
  return fd;
}

Peer peer_of(int fd, const SocketAddress& address, bool is_unix) {
  Peer peer{address, std::nullopt};
  ucred process{};
  socklen_t length = sizeof process;
  if (is_unix && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &process, &length) == 0) {
    peer.process = process;
  }
  return peer;
}

}  // namespace

void StreamServer::accept_some(size_t listener) {
  for (size_t i = 0; i < accepted_a_turn && accept_one(listener); i++) {}
}

/// False when nobody waits, or no descriptor is left.
bool StreamServer::accept_one(size_t listener) {
  BoundSocket& bound = *listeners_[listener];
  SocketAddress address;
  Fd fd = accept_from(bound.fd(), address);
  if (!fd) {
    if (errno != EAGAIN && !is_of_peer(errno)) {
      stop_accepting(listener, errno);
      return false;
    }
    return errno != EAGAIN;
  }
  Peer peer = peer_of(fd.get(), address, bound.listening().endpoint.is_unix());
  if (const char* why = refusal(peer)) {
    static LogLimit limit;
    if (auto pass = limit.pass()) {
      log_event(Level::Warning, "connection_refused",
                Fields()("instance", id())("peer", peer.text())("reason", why)("open", uint64_t{connections_.size()})(
                    "suppressed", pass.suppressed));
    }
    return true;
  }
  auto connection = std::make_unique<Connection>(std::move(fd), std::move(peer), 0);
  if (bound.listening().is_secure) {
    try {
      connection->session = tls_->session(connection->fd());
    } catch (const SetupError& error) {
      stop_accepting(listener, ENOMEM);
      return false;
    }
    connection->is_shaking_hands = true;
  }
  adopt(std::move(connection), listener);
  return true;
}

/// Why the connection is one too many; null when it is not.
const char* StreamServer::refusal(const Peer& peer) {
  if (connections_.size() >= config_.connections) {
    return "as many connections as `connections` allows are open";
  }
  auto group = groups_.find(std::string(peer.address.peer_group()));
  if (!peer.process && group != groups_.end() && group->second >= config_.connections_per_address) {
    return "its address has as many connections as `connections_per_address` allows";
  }
  return nullptr;
}

void StreamServer::adopt(std::unique_ptr<Connection> connection, size_t listener) {
  connection->number = ++accepted_;
  connection->listener = static_cast<uint32_t>(listener);
  connection->place = static_cast<uint32_t>(connections_.size());
  connection->is_queued = false;
  connection->active_at = now_;
  groups_[std::string(connection->peer.address.peer_group())]++;
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
  if (added.has_pending() || is_ending_) {
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

void StreamServer::watch_listeners(bool is_watched) {
  for (size_t i = 0; i < listeners_.size(); i++) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;  // no connection has so small an address
    epoll_ctl(epoll_.get(), is_watched ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listeners_[i]->fd(), &event);
  }
}

/// There are no descriptors, or no memory: one peer is told so by closing its connection, the others wait a second.
void StreamServer::stop_accepting(size_t listener, int code) {
  static LogLimit limit(1);
  if (auto pass = limit.pass()) {
    log_event(Level::Error, "accept_failed",
              Fields()("instance", id())("reason", std::strerror(code))("open", uint64_t{connections_.size()})(
                  "suppressed", pass.suppressed));
  }
  if (code == EMFILE || code == ENFILE) {
    reserve_.reset();
    SocketAddress ignored;
    accept_from(listeners_[listener]->fd(), ignored);
    reserve_.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  if (!is_ending_) {
    watch_listeners(false);
    again_.on_time<&StreamServer::listen_again>(loop(), this, second);
  }
}

void StreamServer::listen_again() {
  if (!reserve_) {
    reserve_.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  watch_listeners(true);
}

}  // namespace stook
