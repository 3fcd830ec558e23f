// SPDX-License-Identifier: Apache-2.0
/// One request after the other: from bytes to rows.
#include "sources/http/server.hh"

#include <algorithm>

#include "core/base/log.hh"
#include "core/base/text.hh"

namespace stook {

namespace {
/// Read a wake-up, then the next connection has its turn.
constexpr size_t read_size = 64 * 1024;
/// A pause that is shorter is no reason to send somebody away for a second: pools are empty for moments under load.
constexpr int64_t patience = 1'000'000'000;
/// A buffer that is larger is given back once it is empty.
constexpr size_t buffer_kept = 8 * 1024;
}  // namespace

void HttpServer::serve(HttpConnection& connection) {
  if (connection.state == HttpState::Handshake && !shake_hands(connection)) {
    return;
  }
  do {
    read(connection);
  } while (!connection.is_dead && connection.reading.is_active() && connection.session &&
           connection.session->pending() > 0);
  rows_.feed().seal();
}

void HttpServer::go_on(HttpConnection& connection) {
  connection.active_at = loop().now();
  if (connection.state == HttpState::Handshake) {
    (void)shake_hands(connection);
    return;
  }
  flush(connection);
  if (!connection.is_dead && connection.wants_write) {
    serve(connection);
  }
}

// True once bytes may flow.
bool HttpServer::shake_hands(HttpConnection& connection) {
  TlsStep step = connection.session->handshake();
  if (step.status == TlsStatus::Done) {
    connection.state = HttpState::Head;
    connection.since = loop().now();
    return true;
  }
  if (step.status == TlsStatus::WantWrite) {
    connection.writing.on_writable<&HttpConnection::on_writable>(loop(), &connection, connection.fd.get());
  } else if (step.status != TlsStatus::WantRead) {
    rows_.feed().count(Remark::TlsFailures, 1);
    static LogLimit limit;
    if (auto pass = limit.pass()) {
      log_event(Level::Warning, "tls_failed",
                Fields()("instance", rows_.feed().id())("peer", connection.peer.text())(
                    "reason", connection.session->reason())("suppressed", pass.suppressed));
    }
    close(connection);
  }
  return false;
}

void HttpServer::read(HttpConnection& connection) {
  if (!buffer_) {
    buffer_ = std::make_unique<char[]>(read_size);
  }
  ssize_t got = connection.receive(buffer_.get(), read_size);
  if (got < 0) {
    if (connection.wants_write) {
      connection.writing.on_writable<&HttpConnection::on_writable>(loop(), &connection, connection.fd.get());
    }
    return;
  }
  if (got == 0) {
    close(connection);
    return;
  }
  connection.active_at = loop().now();
  rows_.feed().count_bytes(static_cast<uint64_t>(got));
  if (connection.state == HttpState::Linger) {
    return;
  }
  if (connection.in.empty() && connection.state == HttpState::Head) {
    connection.since = connection.active_at;
  }
  connection.in.append(buffer_.get(), static_cast<size_t>(got));
  advance(connection);
}

void HttpServer::advance(HttpConnection& connection) {
  while (!connection.is_dead && step(connection)) {}
  if (connection.in.empty() && connection.in.capacity() > buffer_kept) {
    connection.in = std::string();
  }
}

// True when there may be more to do at once.
bool HttpServer::step(HttpConnection& connection) {
  if (connection.is_closing) {
    connection.in.clear();
    return false;
  }
  switch (connection.state) {
    case HttpState::Head:
      return read_head(connection);
    case HttpState::Body:
      return read_body(connection);
    case HttpState::Discard:
      return discard(connection);
    case HttpState::Feed:
      return feed(connection);
    default:
      return false;
  }
}

bool HttpServer::read_head(HttpConnection& connection) {
  if (std::string_view(connection.in).substr(0, 2) == "\r\n") {
    connection.in.erase(0, 2);  // some clients put an empty line between requests
    connection.scanned = 0;
  }
  size_t size = http_head_size(connection.in, connection.scanned);
  if (size > http_head_most || (size == 0 && connection.in.size() > http_head_most)) {
    return refuse(connection, {431, "the head is longer than 16 KiB"}, true);
  }
  if (size == 0) {
    connection.scanned = connection.in.size();
    return false;
  }
  std::string text = connection.in.substr(0, size);
  connection.in.erase(0, size);
  connection.scanned = 0;
  HttpHead head;
  HttpRefusal refusal;
  if (!read_http_head(text, head, refusal)) {
    return refuse(connection, refusal, true);
  }
  return begin(connection, head);
}

bool HttpServer::is_allowed(std::string_view authorization) const {
  if (config_.token.empty()) {
    return true;
  }
  constexpr std::string_view scheme = "bearer ";
  if (!equal_in_any_case(authorization.substr(0, scheme.size()), scheme)) {
    return false;
  }
  std::string_view token = trim(authorization.substr(scheme.size()));
  // As long for a wrong token as for the right one.
  unsigned differs = token.size() == config_.token.size() ? 0 : 1;
  for (size_t i = 0; i < config_.token.size(); i++) {
    char c = i < token.size() ? token[i] : 0;
    differs |= static_cast<unsigned char>(c ^ config_.token[i]);
  }
  return differs == 0;
}

// Status 0: its rows are wanted. What does not depend on the time comes first.
HttpRefusal HttpServer::check(HttpConnection& connection, const HttpHead& head) {
  if (!config_.path.empty() && head.path != config_.path && head.path != "*") {
    return {404, "rows are taken at another path"};
  }
  if (head.method != "POST" && head.method != "PUT") {
    return {405, "rows come by POST"};
  }
  if (!is_allowed(head.authorization)) {
    return {401, "the token is missing or wrong"};
  }
  if (!head.has_length && !head.is_chunked) {
    return {411, "there is no content length"};
  }
  if (head.has_length && head.length > config_.body.bytes) {
    return {413, "the body is too long"};
  }
  connection.form = config_.format == HttpForm::Auto ? form_of(head.content_type) : config_.format;
  if (connection.form == HttpForm::Auto) {
    return {415, "the content type is none of application/json, application/x-ndjson and text/plain"};
  }
  bool is_stuck = is_paused_ && loop().now() - paused_at_ >= patience;
  if (is_stuck || is_stopped_ || held_ >= config_.memory.bytes) {
    return {429, "come back later"};
  }
  return {};
}

bool HttpServer::begin(HttpConnection& connection, const HttpHead& head) {
  connection.keeps_alive = head.keeps_alive;
  connection.is_head_only = head.method == "HEAD";
  connection.reader.begin(head);
  connection.rows = 0;
  bool is_health = head.path == config_.health && (head.method == "GET" || head.method == "HEAD");
  HttpRefusal refusal = is_health ? HttpRefusal{200, "ok"} : check(connection, head);
  if (refusal.status != 0) {
    // A peer that waits for a word may send the body or not, and one that is not believed may send anything.
    bool closes = head.expects_continue || refusal.status == 413;
    connection.state = HttpState::Discard;
    return refuse(connection, refusal, closes);
  }
  try {
    connection.unpacker.emplace(head.coding, config_.body.bytes, config_.unpacked.bytes);
  } catch (const SetupError&) {
    connection.state = HttpState::Discard;
    return refuse(connection, {429, "come back later"}, false);
  }
  if (head.expects_continue && connection.in.empty()) {
    connection.out += "HTTP/1.1 100 Continue\r\n\r\n";
    flush(connection);
  }
  connection.state = HttpState::Body;
  return !connection.is_dead;
}

bool HttpServer::read_body(HttpConnection& connection) {
  std::string_view rest = connection.in;
  std::string_view piece;
  HttpBodyReader::Step step = connection.reader.next(rest, piece);
  bool is_taken = true;
  while (step == HttpBodyReader::Step::Bytes && is_taken) {
    is_taken = connection.unpacker->take(piece, connection.body);
    step = is_taken ? connection.reader.next(rest, piece) : step;
  }
  held_ += connection.body.capacity() - connection.counted;
  connection.counted = connection.body.capacity();
  if (held_ > config_.memory.bytes) {
    return refuse(connection, {429, "come back later"}, true);
  }
  if (!is_taken) {
    return refuse(connection, connection.unpacker->refusal(), true);
  }
  connection.in.erase(0, connection.in.size() - rest.size());
  if (step == HttpBodyReader::Step::Wrong) {
    return refuse(connection, connection.reader.refusal(), true);
  }
  return step == HttpBodyReader::Step::End && end_body(connection);
}

bool HttpServer::discard(HttpConnection& connection) {
  std::string_view rest = connection.in;
  std::string_view piece;
  HttpBodyReader::Step step = HttpBodyReader::Step::Bytes;
  while (step == HttpBodyReader::Step::Bytes) {
    step = connection.reader.next(rest, piece);
  }
  connection.in.erase(0, connection.in.size() - rest.size());
  if (step == HttpBodyReader::Step::Wrong) {
    linger(connection);
    return false;
  }
  if (step == HttpBodyReader::Step::More) {
    return false;
  }
  next_request(connection);
  return !connection.in.empty();
}

}  // namespace stook
