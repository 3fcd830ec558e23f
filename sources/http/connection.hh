// SPDX-License-Identifier: Apache-2.0
/// One connection of the http source: who the peer is, what it has sent, and how far its request has come.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/api/loop.hh"
#include "core/base/fd.hh"
#include "core/net/rows.hh"
#include "core/net/tls.hh"
#include "sources/http/body.hh"
#include "sources/http/records.hh"
#include "sources/http/unpack.hh"

namespace stook {

class HttpServer;

/// Handshake: of TLS. Head: of a request, or none yet. Body: of a request whose rows are wanted. Discard: of one that has
/// been answered. Feed: rows are put into bundles as there is room. Acknowledge: all are, and the answer waits for them.
/// Linger: nothing more is said, and what comes is thrown away until the peer has read the last answer.
enum class HttpState : uint8_t { Handshake, Head, Body, Discard, Feed, Acknowledge, Linger };

/// *Invariants:* one request at a time; nothing is read between its end and its answer.
/// *Rooms:* its source's front.
class HttpConnection {
 public:
  HttpConnection(HttpServer& server_, Fd fd_, Peer peer_, uint64_t number_)
      : server(server_), fd(std::move(fd_)), peer(std::move(peer_)), number(number_) {}

  void on_readable() ROOM(front);
  void on_writable() ROOM(front);

  /// Up to `size` bytes; 0: the peer has closed or the connection is broken; -1: nothing now.
  ssize_t receive(char* to, size_t size);
  /// Sends what it can of `out`. False: the connection is broken.
  [[nodiscard]] bool send();

  HttpServer& server;
  Fd fd;
  Peer peer;
  uint64_t number;
  size_t place = 0;
  std::unique_ptr<TlsSession> session;
  bool wants_write = false;  // TLS waits until it can write
  Watcher reading;
  Watcher writing;

  HttpState state = HttpState::Head;
  std::string in;           // what was read and belongs to nothing yet
  size_t scanned = 0;       // so much of it holds no end of a head
  std::string out;          // what is to be sent
  bool is_closing = false;  // once that is sent
  bool has_served = false;  // a request
  bool is_dead = false;
  int64_t since = 0;      // when the state began that is timed
  int64_t active_at = 0;  // when bytes came or went last

  // Of the request at hand.
  bool keeps_alive = true;
  bool is_head_only = false;
  HttpForm form = HttpForm::Lines;
  HttpBodyReader reader;
  std::optional<HttpUnpacker> unpacker;
  std::string body;
  size_t counted = 0;  // of the body, in the server's sum
  HttpRecords records;
  std::string_view record;  // cut, and in no row yet
  bool has_record = false;
  uint64_t rows = 0;

  uint64_t position = 0;  // requests whose rows were fed
  uint64_t row_number = 0;
};

}  // namespace stook
