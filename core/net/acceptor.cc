// SPDX-License-Identifier: Apache-2.0
#include "core/net/acceptor.hh"

#include <errno.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "core/base/log.hh"
#include "core/base/status.hh"

namespace stook {

namespace {

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

void Acceptor::open() {
  if (!spare_.hold()) {
    throw SetupError(std::string("cannot watch connections: ") + std::strerror(errno), errno);
  }
}

Accepted Acceptor::accept(const BoundSocket& socket, Feed& feed) {
  using Step = Accepted::Step;
  sockaddr_storage address;
  socklen_t length = sizeof address;
  Fd fd(accept4(socket.fd(), reinterpret_cast<sockaddr*>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd) {
    if (errno == EAGAIN) {
      return {Step::None};
    }
    if (is_of_peer(errno)) {
      return {Step::Refused};
    }
    exhaust(socket, feed, errno);
    return {Step::Exhausted};
  }
  SocketAddress from(reinterpret_cast<const sockaddr*>(&address), length);
  Peer peer = peer_of(fd.get(), from, socket.listening().endpoint.is_unix());
  if (is_refused(peer, feed)) {
    return {Step::Refused};
  }
  admit(peer);
  return {Step::Taken, std::move(fd), std::move(peer)};
}

bool Acceptor::is_refused(const Peer& peer, Feed& feed) {
  auto group = groups_.find(std::string(peer.address.peer_group()));
  const char* why = nullptr;
  if (open_ >= connections_) {
    why = "as many connections as `connections` allows are open";
  } else if (!peer.process && group != groups_.end() && group->second >= per_address_) {
    why = "its address has as many connections as `connections_per_address` allows";
  }
  static LogLimit limit;
  if (auto pass = why != nullptr ? limit.pass() : LogLimit::Pass{false, 0}) {
    log_event(Level::Warning, "connection_refused",
              Fields()("instance", feed.id())("peer", peer.text())("reason", why)("open", open_)("suppressed",
                                                                                                 pass.suppressed));
  }
  if (why != nullptr) {
    feed.count(Remark::RefusedConnections, 1);
  }
  return why != nullptr;
}

/// One peer is told so by closing its connection.
void Acceptor::exhaust(const BoundSocket& socket, Feed& feed, int code) {
  static LogLimit limit(1);
  if (auto pass = limit.pass()) {
    log_event(
        Level::Error, "accept_failed",
        Fields()("instance", feed.id())("reason", std::strerror(code))("open", open_)("suppressed", pass.suppressed));
  }
  if (code == EMFILE || code == ENFILE) {
    Fd unwanted = spare_.accept(socket.fd());
    feed.count(Remark::RefusedConnections, unwanted ? 1 : 0);
  }
  spare_.hold();
}

void Acceptor::admit(const Peer& peer) {
  open_++;
  groups_[std::string(peer.address.peer_group())]++;
}

void Acceptor::release(const Peer& peer) {
  open_--;
  auto group = groups_.find(std::string(peer.address.peer_group()));
  if (--group->second == 0) {
    groups_.erase(group);
  }
}

}  // namespace stook
