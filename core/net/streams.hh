// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The connections of a source: accepted within limits, read in turn, closed when they stay silent too long.
/// Room: the source's front.
///
/// All descriptors of a source are in one epoll set of its own, so that a turn serves many connections and seals once,
/// a pause is one watcher that stops, and a connection costs no watcher. Each event reads at most 64 KiB; the kernel puts
/// what is still readable behind the others.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/fd.hh"
#include "core/net/acceptor.hh"
#include "core/net/bound.hh"
#include "core/net/connection.hh"
#include "core/net/net_config.hh"
#include "core/net/stream_reader.hh"

namespace stook {

/// Who is told that a part of a source has read what there was.
class PartEnd {
 public:
  virtual ~PartEnd() = default;
  virtual void part_ended() ROOM(front) = 0;
};

/// *Invariants:* `connections_[i]->place == i`; a connection is in `queue_` at most once; while paused nothing is read
/// and nothing is accepted, and no time counts against a peer.
/// *Rooms:* its front.
class StreamServer {
 public:
  /// `protocol`: who answers the peers; null when nobody does.
  StreamServer(const NetConfig& config, NetRows& rows, PartEnd& end, Protocol* protocol = nullptr);
  ~StreamServer();

  /// Binds what is of streams among the config's addresses. Throws SetupError.
  void start() ROOM(front);
  void pause() ROOM(front);
  void resume() ROOM(front);
  /// Leaves the addresses that are not among `next`: takes what waits to be accepted there, reads each connection until its
  /// peer has closed, or for a second, and tells the end; true when there is anything to do. Peers that look at what they
  /// receive see that nobody listens any more, and close.
  bool leave(std::span<const Listening* const> next) ROOM(front);
  /// Listens again where it has left. Throws SetupError.
  void stay() ROOM(front);
  /// Reads nothing more. Sockets, and connections at addresses that were not left, are offered to a source that follows.
  void stop() ROOM(front);
  /// The source does not start after all: as `stop`, and what was taken over is handed back.
  void hand_back() ROOM(front);
  /// Certificates are loaded again.
  void reopen() ROOM(front);
  /// Sends an answer on a connection that has not been released.
  void send(Connection& connection, std::string_view bytes) ROOM(front);

 private:
  Loop& loop() ROOM(front) { return rows_.feed().loop(); }
  std::string_view id() const { return rows_.feed().id(); }

  void read_clock() ROOM(front) { now_ = loop().now() - paused_for_; }
  void watch() ROOM(front);
  void on_events() ROOM(front);
  void on_queue() ROOM(front);
  void on_second() ROOM(front);
  void on_last_second() ROOM(front);
  void end_if_done() ROOM(front);
  void tell_address(const BoundSocket& listener) ROOM(front);
  void leave(size_t listener) ROOM(front);
  bool is_left(const Connection& connection) const ROOM(front) { return listeners_[connection.listener]->is_resting(); }

  // streams_accept.cc
  void accept_some(size_t listener) ROOM(front);
  bool accept_one(size_t listener) ROOM(front);
  void add(Fd fd, size_t listener) ROOM(front);
  void adopt(std::unique_ptr<Connection> connection, size_t listener) ROOM(front);
  void stop_accepting() ROOM(front);
  void watch_listeners() ROOM(front);
  void watch_listener(size_t listener) ROOM(front);
  void watch_connection(Connection& connection, bool is_new) ROOM(front);
  void watch_writes(Connection& connection) ROOM(front);

  // streams_serve.cc
  void serve(Connection& connection) ROOM(front);
  void read(Connection& connection) ROOM(front);
  StreamReader::Step read_some(Connection& connection) ROOM(front);
  bool shake_hands(Connection& connection) ROOM(front);
  void send_away(Connection& connection, bool is_refused) ROOM(front);
  void queue(Connection& connection) ROOM(front);
  void look_after(Connection& connection) ROOM(front);
  void finish(Connection& connection) ROOM(front);
  void close(Connection& connection) ROOM(front);
  void count_unread(const Connection& connection) ROOM(front);
  void release(std::unique_ptr<Connection> connection) ROOM(front);
  void close_if_silent(Connection& connection) ROOM(front);
  int64_t patience(const Connection& connection) const ROOM(front);

  const NetConfig& config_;
  NetRows& rows_;
  PartEnd& end_;
  Protocol* protocol_;
  StreamShape shape_;
  std::optional<TlsContext> tls_;
  std::vector<std::unique_ptr<BoundSocket>> listeners_;
  std::vector<std::unique_ptr<Connection>> connections_;
  Acceptor acceptor_;
  std::vector<Connection*> queue_;  // to look at without an event
  Fd epoll_;
  Watcher events_;
  Watcher queued_;
  Watcher seconds_;
  Watcher again_;
  Watcher last_second_;
  uint64_t accepted_ = 0;
  // A clock that stands while the source is paused: then it is not the peers who are slow.
  int64_t now_ = 0;
  int64_t paused_at_ = 0;
  int64_t paused_for_ = 0;
  size_t handshakes_ = 0;  // steps in this turn
  bool is_paused_ = false;
  size_t to_read_out_ = 0;   // connections of listeners that were left
  bool is_leaving_ = false;  // until those are gone
  bool has_ended_ = true;
};

}  // namespace stook
