// SPDX-License-Identifier: Apache-2.0
/// The connections of the http source, and what becomes of their requests. Room: the source's front.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/api/source.hh"
#include "core/base/log.hh"
#include "core/net/acceptor.hh"
#include "core/net/bound.hh"
#include "core/net/connection.hh"
#include "core/net/rows.hh"
#include "core/net/tls.hh"
#include "sources/http/config.hh"
#include "sources/http/connection.hh"

namespace stook {

/// *Invariants:* `connections_[i]->place == i`. A request is answered 2xx once each of its rows is final, and never before.
/// *Rooms:* its front.
class HttpServer {
 public:
  HttpServer(const HttpSourceConfig& config, NetRows& rows)
      : config_(config), rows_(rows), acceptor_(config.connections, config.connections_per_address) {}
  ~HttpServer();

  /// Binds. Throws SetupError.
  void start() ROOM(front);
  /// Rows wait. When they have for a second, new requests are told to come back later.
  void pause() ROOM(front);
  void resume() ROOM(front);
  /// The process ends: nobody else takes the sockets.
  void end() ROOM(front);
  /// Nothing new is taken. Requests whose rows are fed still get their answer. The sockets are offered to a source that
  /// follows.
  void stop() ROOM(front);
  /// The source does not start after all: what was taken over is handed back.
  void hand_back() ROOM(front);
  void close() ROOM(front);
  void acknowledged(std::span<const Mark> marks) ROOM(front);
  /// Certificates are loaded again.
  void reopen() ROOM(front);

  /// Of its connections: there is something to read, or room to write.
  void serve(HttpConnection& connection) ROOM(front);
  void go_on(HttpConnection& connection) ROOM(front);

 private:
  Loop& loop() ROOM(front) { return rows_.feed().loop(); }

  // accept.cc
  struct Listener {
    Listener(HttpServer& server_, const Listening& listening, std::string_view owner)
        : server(server_), socket(std::make_unique<BoundSocket>(listening, owner)) {}
    HttpServer& server;
    std::unique_ptr<BoundSocket> socket;
    Watcher watcher;
    void on_readable() ROOM(front) { server.accept_some(*this); }
  };
  void accept_some(Listener& listener) ROOM(front);
  bool accept_one(Listener& listener) ROOM(front);
  void add(Fd fd, Peer peer, Listener& listener) ROOM(front);
  void watch_listeners() ROOM(front);
  void rest() ROOM(front);
  void close(HttpConnection& connection) ROOM(front);
  void on_second() ROOM(front);
  void look_at(HttpConnection& connection, int64_t now) ROOM(front);
  void close_silent(HttpConnection& connection, const char* why, Level level = Level::Warning) ROOM(front);
  void end_waiting(HttpConnection& connection) ROOM(front);
  void bury() ROOM(front) { dead_.clear(); }

  // server.cc: one request
  bool shake_hands(HttpConnection& connection) ROOM(front);
  void read(HttpConnection& connection) ROOM(front);
  void advance(HttpConnection& connection) ROOM(front);
  bool step(HttpConnection& connection) ROOM(front);
  bool read_head(HttpConnection& connection) ROOM(front);
  bool begin(HttpConnection& connection, const HttpHead& head) ROOM(front);
  HttpRefusal check(HttpConnection& connection, const HttpHead& head) ROOM(front);
  bool is_allowed(std::string_view authorization) const;
  bool read_body(HttpConnection& connection) ROOM(front);
  bool discard(HttpConnection& connection) ROOM(front);
  bool end_body(HttpConnection& connection) ROOM(front);
  bool feed(HttpConnection& connection) ROOM(front);
  void put_row(HttpConnection& connection, Bundle& bundle) ROOM(front);

  // answers.cc
  void answer(HttpConnection& connection, int status, std::string_view text) ROOM(front);
  bool refuse(HttpConnection& connection, const HttpRefusal& refusal, bool closes) ROOM(front);
  void flush(HttpConnection& connection) ROOM(front);
  void linger(HttpConnection& connection) ROOM(front);
  void next_request(HttpConnection& connection) ROOM(front);
  void let_go(HttpConnection& connection) ROOM(front);
  void on_ready() ROOM(front);

  const HttpSourceConfig& config_;
  NetRows& rows_;
  std::optional<TlsContext> tls_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<HttpConnection>> connections_;
  std::vector<std::unique_ptr<HttpConnection>> dead_;  // until no callback of theirs is running
  std::unordered_map<uint64_t, HttpConnection*> by_number_;
  Acceptor acceptor_;
  std::vector<uint64_t> waiting_;  // to feed, when there is room
  std::vector<uint64_t> ready_;    // answered, with more to read at once
  std::unique_ptr<char[]> buffer_;
  Watcher seconds_;
  Watcher again_;
  Watcher ready_timer_;
  LogLimit refused_limit_;
  uint64_t accepted_ = 0;
  uint64_t held_ = 0;  // bytes of bodies
  int64_t paused_at_ = 0;
  bool is_paused_ = false;
  bool is_stopped_ = false;
};

}  // namespace stook
