// SPDX-License-Identifier: Apache-2.0
/// What the http source says, and when.
#include <sys/socket.h>

#include <algorithm>

#include "core/base/log.hh"
#include "sources/http/server.hh"

namespace stook {

namespace {
struct StatusText {
  int status;
  const char* text;
  const char* header;  // one that goes with it
};
constexpr StatusText status_texts[] = {
    {200, "OK", ""},
    {400, "Bad Request", ""},
    {401, "Unauthorized", "WWW-Authenticate: Bearer\r\n"},
    {404, "Not Found", ""},
    {405, "Method Not Allowed", "Allow: POST, PUT\r\n"},
    {408, "Request Timeout", ""},
    {411, "Length Required", ""},
    {413, "Content Too Large", ""},
    {415, "Unsupported Media Type", ""},
    {417, "Expectation Failed", ""},
    {429, "Too Many Requests", "Retry-After: 1\r\n"},
    {431, "Request Header Fields Too Large", ""},
    {501, "Not Implemented", ""},
    {503, "Service Unavailable", "Retry-After: 1\r\n"},
    {505, "HTTP Version Not Supported", ""},
};

const StatusText& text_of(int status) {
  for (const StatusText& one : status_texts) {
    if (one.status == status) {
      return one;
    }
  }
  return status_texts[1];
}
}  // namespace

// Sends an answer to a request whose body has been read, or is thrown away.
void HttpServer::answer(HttpConnection& connection, int status, std::string_view text) {
  const StatusText& words = text_of(status);
  rows_.feed().count(remark_of_answer(status), 1);
  std::string body =
      status == 200 && text.empty() ? "{\"rows\":" + std::to_string(connection.rows) + "}\n" : std::string(text) + "\n";
  connection.is_closing = connection.is_closing || !connection.keeps_alive || is_stopped_;
  std::string& out = connection.out;
  out += "HTTP/1.1 " + std::to_string(status) + " " + words.text + "\r\n" + words.header;
  out += body[0] == '{' ? "Content-Type: application/json\r\n" : "Content-Type: text/plain\r\n";
  out += connection.is_closing ? "Connection: close\r\n" : "";
  out += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  out += connection.is_head_only ? std::string() : body;
  connection.has_served = true;
  if (connection.state != HttpState::Discard) {
    next_request(connection);
  }
  flush(connection);
}

// Says no. `closes`: what else comes on the connection is of no use. True when there may be more to do at once.
bool HttpServer::refuse(HttpConnection& connection, const HttpRefusal& refusal, bool closes) {
  if (refusal.status >= 400) {
    if (auto pass = refused_limit_.pass()) {
      log_event(Level::Warning, "http_refused",
                Fields()("instance", rows_.feed().id())("peer", connection.peer.text())("status", refusal.status)(
                    "reason", refusal.reason)("suppressed", pass.suppressed));
    }
  }
  connection.is_closing = connection.is_closing || closes;
  answer(connection, refusal.status, refusal.reason);
  return !connection.is_dead && connection.state == HttpState::Discard;
}

void HttpServer::flush(HttpConnection& connection) {
  if (!connection.send()) {
    close(connection);
    return;
  }
  if (!connection.out.empty()) {
    connection.writing.on_writable<&HttpConnection::on_writable>(loop(), &connection, connection.fd.get());
    return;
  }
  if (connection.is_closing && connection.state != HttpState::Linger) {
    linger(connection);
  }
}

// A peer that is still sending loses the answer when the connection is closed under it.
void HttpServer::linger(HttpConnection& connection) {
  let_go(connection);
  connection.in.clear();
  connection.state = HttpState::Linger;
  connection.since = loop().now();
  if (connection.session) {
    connection.session->close();
  }
  ::shutdown(connection.fd.get(), SHUT_WR);
  if (!connection.reading.is_active() && !is_stopped_) {
    connection.reading.on_readable<&HttpConnection::on_readable>(loop(), &connection, connection.fd.get());
  }
}

// The request at hand is over.
void HttpServer::next_request(HttpConnection& connection) {
  let_go(connection);
  connection.state = HttpState::Head;
  connection.since = loop().now();
  connection.scanned = 0;
  if (!connection.reading.is_active() && !is_stopped_) {
    connection.reading.on_readable<&HttpConnection::on_readable>(loop(), &connection, connection.fd.get());
  }
}

// Gives back what only the request at hand needed.
void HttpServer::let_go(HttpConnection& connection) {
  connection.unpacker.reset();
  connection.records = HttpRecords();
  connection.has_record = false;
  connection.body = std::string();
  held_ -= connection.counted;
  connection.counted = 0;
}

void HttpServer::acknowledged(std::span<const Mark> marks) {
  for (const Mark& mark : marks) {
    auto found = by_number_.find(mark.stream);
    if (found == by_number_.end()) {
      continue;  // it has gone, and sends its rows again if it wants to know
    }
    HttpConnection& connection = *found->second;
    if (connection.state != HttpState::Acknowledge || mark.position < connection.position) {
      continue;
    }
    answer(connection, 200, {});
    bool has_more = !connection.in.empty() || (connection.session && connection.session->pending() > 0);
    if (!connection.is_dead && has_more && !is_stopped_) {
      ready_.push_back(connection.number);
      ready_timer_.on_time<&HttpServer::on_ready>(loop(), this, 0);
    }
  }
}

// Requests that came behind one that is answered now. Not from within `acknowledged`, as they ask for bundles.
void HttpServer::on_ready() {
  std::vector<uint64_t> ready;
  ready.swap(ready_);
  for (uint64_t number : ready) {
    auto found = by_number_.find(number);
    if (found == by_number_.end()) {
      continue;
    }
    HttpConnection& connection = *found->second;
    advance(connection);
    if (!connection.is_dead && connection.reading.is_active() && connection.session &&
        connection.session->pending() > 0) {
      serve(connection);
    }
  }
  rows_.feed().seal();
}

void HttpServer::pause() {
  if (!is_paused_) {
    paused_at_ = loop().now();
  }
  is_paused_ = true;
}

void HttpServer::resume() {
  is_paused_ = false;
  std::vector<uint64_t> waiting;
  waiting.swap(waiting_);
  for (size_t i = 0; i < waiting.size(); i++) {
    if (is_paused_) {
      waiting_.push_back(waiting[i]);
      continue;
    }
    auto found = by_number_.find(waiting[i]);
    if (found != by_number_.end() && found->second->state == HttpState::Feed) {
      advance(*found->second);
    }
  }
  rows_.feed().seal();
}

}  // namespace stook
