// SPDX-License-Identifier: Apache-2.0
/// How a StreamServer reads its connections, and closes them.
#include <errno.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

#include "core/base/log.hh"
#include "core/net/streams.hh"

namespace stook {

namespace {

constexpr int64_t second = 1'000'000'000;
constexpr int64_t crowded_patience = 5 * second;
/// A step of a handshake costs up to a millisecond of signing; the others are served before more of them.
constexpr size_t handshakes_a_turn = 4;
/// Each fills about a bundle.
constexpr int reads_a_turn = 4;

/// Bytes that have come and were not read yet.
int unread_bytes(const Connection& connection) {
  int bytes = 0;
  return ioctl(connection.fd(), FIONREAD, &bytes) == 0 ? bytes : 0;
}

}  // namespace

void StreamServer::serve(Connection& connection) {
  if (connection.has_to_send()) {
    connection.go_on_sending();
  }
  if (connection.is_over) {
    finish(connection);
  } else if (connection.is_shaking_hands) {
    if (shake_hands(connection)) {
      if (protocol_ != nullptr) {
        protocol_->begin(connection);
      }
      read(connection);
    }
  } else {
    read(connection);
  }
}

/// True once bytes may flow.
bool StreamServer::shake_hands(Connection& connection) {
  if (connection.is_dry) {
    close(connection);
    return false;
  }
  if (handshakes_++ >= handshakes_a_turn) {
    return false;  // the descriptor stays readable
  }
  bool is_done = connection.shake_hands();
  if (connection.has_failed) {
    rows_.feed().count(Remark::TlsFailures, 1);
    static LogLimit limit;
    if (auto pass = limit.pass()) {
      log_event(Level::Warning, "tls_failed",
                Fields()("instance", id())("peer", connection.peer.text())("reason", connection.reason())(
                    "suppressed", pass.suppressed));
    }
    close(connection);
    return false;
  }
  watch_writes(connection);
  connection.active_at = is_done ? now_ : connection.active_at;
  return is_done;
}

/// Reads once, and a few times more while that much comes that each read gets all it asks for. A connection with a
/// protocol may have to be answered in between.
StreamReader::Step StreamServer::read_some(Connection& connection) {
  for (int reads = 1;; reads++) {
    StreamReader::Step step = connection.reader->read(connection, shape_, connection.peer, connection.number);
    if (step != StreamReader::Step::Some) {
      return step;
    }
    connection.active_at = now_;
    connection.has_spoken = true;
    if (protocol_ != nullptr || !connection.got_all() || reads == reads_a_turn) {
      return step;
    }
  }
}

void StreamServer::read(Connection& connection) {
  using Step = StreamReader::Step;
  Step step = read_some(connection);
  watch_writes(connection);
  switch (step) {
    case Step::Some:
    case Step::Paused:
      break;
    case Step::Blocked:
      connection.is_over = connection.is_dry;
      break;
    case Step::Failed:
    case Step::End:
      connection.is_over = true;
      break;
    case Step::Wrong:
    case Step::Refused:
      send_away(connection, step == Step::Refused);
      return;
  }
  if (connection.is_over) {
    finish(connection);
    return;
  }
  look_after(connection);
  if (connection.has_pending() || connection.is_dry) {
    queue(connection);
  }
}

/// A peer whose framing is broken, or who has not proved that it may send.
void StreamServer::send_away(Connection& connection, bool is_refused) {
  if (is_refused) {
    rows_.feed().count(Remark::AuthFailures, 1);
  } else {
    rows_.feed().lose(Loss::Framing, 1);
  }
  static LogLimit limit;
  if (auto pass = limit.pass()) {
    log_event(Level::Warning, is_refused ? "auth_failed" : "framing_error",
              Fields()("instance", id())("peer", connection.peer.text())("reason", connection.reader->fault())(
                  "suppressed", pass.suppressed));
  }
  close(connection);
}

void StreamServer::queue(Connection& connection) {
  if (!std::exchange(connection.is_queued, true)) {
    queue_.push_back(&connection);
  }
  if (!is_paused_ && !queued_.is_active()) {
    queued_.on_idle<&StreamServer::on_queue>(loop(), this);
  }
}

/// Has the connection looked at each second, if there is a reason.
void StreamServer::look_after(Connection& connection) {
  if (!seconds_.is_active() && (connection.reader->has_buffer() || patience(connection) > 0)) {
    seconds_.on_time<&StreamServer::on_second>(loop(), this, second, second);
  }
}

/// The last of an unfinished record becomes a row, when there is a bundle; then the connection goes.
void StreamServer::finish(Connection& connection) {
  if (connection.reader->flush(shape_, connection.peer, connection.number)) {
    close(connection);
  } else {
    queue(connection);
  }
}

void StreamServer::close(Connection& connection) {
  if (connection.is_queued) {
    std::erase(queue_, &connection);
  }
  if (is_left(connection)) {
    to_read_out_--;
    count_unread(connection);
  }
  acceptor_.release(connection.peer);
  connection.reader->count_out(shape_);
  uint32_t place = connection.place;
  std::swap(connections_[place], connections_.back());
  connections_[place]->place = place;
  std::unique_ptr<Connection> closed = std::move(connections_.back());
  connections_.pop_back();
  release(std::move(closed));
}

/// Of a connection that was to be read out. How many records they were nobody knows, but that there were some.
void StreamServer::count_unread(const Connection& connection) {
  int bytes = unread_bytes(connection);
  if (bytes == 0) {
    return;
  }
  rows_.feed().lose(is_paused_ ? Loss::Pool : Loss::Kernel, 1);
  static LogLimit limit;
  if (auto pass = limit.pass()) {
    log_event(
        Level::Warning, "connection_unread",
        Fields()("instance", id())("peer", connection.peer.text())("bytes", bytes)("suppressed", pass.suppressed));
  }
}

/// The connection is none of this server's any more.
void StreamServer::release(std::unique_ptr<Connection> connection) {
  if (protocol_ != nullptr) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection->fd(), nullptr);
    protocol_->release(std::move(connection));
  } else if (connection->session && !connection->is_shaking_hands) {
    connection->session->close();
  }
}

void StreamServer::send(Connection& connection, std::string_view bytes) {
  connection.send(bytes);
  watch_writes(connection);
}

/// How long the connection may stay silent as it stands, ns; 0: for ever.
int64_t StreamServer::patience(const Connection& connection) const {
  bool is_new = connection.is_shaking_hands || (!connection.has_spoken && !connection.peer.process);
  int64_t limit = is_new                                  ? config_.first_byte.ns
                  : connection.reader->is_within_record() ? config_.unfinished.ns
                                                          : config_.idle.ns;
  return acceptor_.is_crowded() ? std::min(limit, crowded_patience) : limit;
}

void StreamServer::close_if_silent(Connection& connection) {
  int64_t limit = patience(connection);
  if (limit == 0 || now_ - connection.active_at < limit || unread_bytes(connection) > 0) {
    return;  // it was we who were away, not the peer
  }
  rows_.feed().count(Remark::TlsFailures, connection.is_shaking_hands ? 1 : 0);
  static LogLimit limited;
  if (auto pass = limited.pass()) {
    const char* why = connection.is_shaking_hands             ? "no handshake"
                      : !connection.has_spoken                ? "nothing was sent"
                      : connection.reader->is_within_record() ? "silence within a record"
                                                              : "silence";
    log_event(Level::Warning, "connection_silent",
              Fields()("instance", id())("peer", connection.peer.text())("reason", why)("suppressed", pass.suppressed));
  }
  connection.is_over = true;
  finish(connection);
}

}  // namespace stook
