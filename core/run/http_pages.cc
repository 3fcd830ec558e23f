// SPDX-License-Identifier: Apache-2.0
/// Floor 4. How pages are served (RFC 9112, as little of it as clients need):
///
///   A client sends a head of at most 8,192 bytes: a request line `GET /path?query HTTP/1.1` and header fields, of which
///   only `Accept` and `Host` are looked at. What comes behind the head is not.
///   The answer has `Content-Length` and `Connection: close`; one connection is one question. HEAD gets no body.
///   400: the head is no HTTP/1; 403: what only this machine can reach was asked for by another name than its own; 404: no
///   such page, and the body lists those there are; 405: another method; 431: the head is too long; 503: 16 clients are
///   here already.
///   5 seconds from connecting to the end of the answer, then the connection is closed wherever it is.
#include "core/run/http_pages.hh"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/base/log.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"
#include "core/net/bound.hh"

namespace stook {

namespace {
/// How long no connection is taken after the process ran out of descriptors.
constexpr int64_t retry_after = 1'000'000'000;
constexpr std::string_view plain = "text/plain; charset=utf-8";

struct Phrase {
  int status;
  std::string_view text;
};
constexpr Phrase phrases[] = {{200, "OK"},
                              {400, "Bad Request"},
                              {403, "Forbidden"},
                              {404, "Not Found"},
                              {405, "Method Not Allowed"},
                              {431, "Request Header Fields Too Large"},
                              {500, "Internal Server Error"},
                              {503, "Service Unavailable"}};

HttpPage plain_page(int status, std::string_view text) {
  return {status, std::string(plain), std::string(text) + "\n"};
}

std::string rendered(const HttpPage& page, bool has_body) {
  auto phrase = std::find_if(std::begin(phrases), std::end(phrases),
                             [&](const Phrase& one) { return one.status == page.status; });
  std::string text = "HTTP/1.1 " + std::to_string(page.status) + " " +
                     std::string(phrase == std::end(phrases) ? "Error" : phrase->text) +
                     "\r\nContent-Type: " + page.type + "\r\nContent-Length: " + std::to_string(page.body.size()) +
                     (page.status == 405 ? "\r\nAllow: GET, HEAD" : "") +
                     "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";
  return has_body ? text + page.body : text;
}

/// The first line of a head, and the field that matters. Not valid: it is no HTTP/1.
struct Head {
  bool is_valid = false;
  std::string_view method;
  std::string_view host;
  HttpQuestion question;
};

Head read_head(std::string_view text) {
  Head head;
  std::string_view line = text.substr(0, text.find('\n'));
  line = line.substr(0, line.size() - (line.ends_with('\r') ? 1 : 0));
  size_t first = line.find(' ');
  size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || !line.substr(last + 1).starts_with("HTTP/1.")) {
    return head;
  }
  head.method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  bool is_clean = std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c <= '~'; });
  head.is_valid = is_clean && target.starts_with('/');
  size_t mark = std::min(target.find('?'), target.size());
  head.question.path = target.substr(0, mark);
  head.question.query = target.substr(std::min(mark + 1, target.size()));
  for (size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    std::string_view field = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
    size_t colon = field.find(':');
    if (colon == std::string_view::npos) {
      continue;
    }
    if (equal_in_any_case(field.substr(0, colon), "accept")) {
      head.question.accept = field.substr(colon + 1);
    } else if (equal_in_any_case(field.substr(0, colon), "host")) {
      head.host = trim(field.substr(colon + 1));
    }
  }
  return head;
}

// A page of somebody else's may call this machine by a name of its own, and would be let read what a browser gets from there
// ("DNS rebinding"). Who means this machine says an address, or `localhost`.
bool is_this_machine(std::string_view host) {
  size_t colon = host.find(':', host.starts_with('[') ? host.find(']') : 0);
  std::string_view name = host.substr(0, colon);
  return name.empty() || name.starts_with('[') || equal_in_any_case(name, "localhost") ||
         std::all_of(name.begin(), name.end(), [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}
}  // namespace

/// One client: its head comes in, its page goes out, and it is gone.
class HttpPages::Connection {
 public:
  Connection(HttpPages& pages, Fd fd) : pages_(pages), fd_(std::move(fd)) {}

  void start() ROOM(front) {
    io_.on_readable<&Connection::on_readable>(pages_.loop_, this, fd_.get());
    timer_.on_time<&Connection::on_late>(pages_.loop_, this, patience);
  }

 private:
  void on_readable() ROOM(front) {
    char bytes[4096];
    ssize_t got = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    }
    if (got <= 0) {
      pages_.drop(*this);
      return;
    }
    if (is_answered_) {
      return;  // what comes behind the head
    }
    in_.append(bytes, static_cast<size_t>(got));
    size_t end = std::min(in_.find("\r\n\r\n"), in_.find("\n\n"));
    if (end == std::string::npos && in_.size() <= longest_head) {
      return;
    }
    answer(std::string_view(in_).substr(0, end), end == std::string::npos || end > longest_head);
  }

  void answer(std::string_view text, bool is_too_long) ROOM(front) {
    Head head = is_too_long ? Head() : read_head(text);
    HttpPage page;
    if (is_too_long) {
      page = plain_page(431, "the head is longer than " + std::to_string(longest_head) + " bytes");
    } else if (!head.is_valid) {
      page = plain_page(400, "this speaks HTTP/1.1");
    } else if (head.method != "GET" && head.method != "HEAD") {
      page = plain_page(405, "GET and HEAD are answered");
    } else if (pages_.is_local_ && !is_this_machine(head.host)) {
      page = plain_page(403, "this is asked by an address of this machine, or as localhost");
    } else {
      page = pages_.answer(head.question);
    }
    out_ = rendered(page, head.method != "HEAD");
    is_answered_ = true;
    io_.on_writable<&Connection::on_writable>(pages_.loop_, this, fd_.get());
    on_writable();
  }

  void on_writable() ROOM(front) {
    ssize_t sent = ::send(fd_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    }
    sent_ += sent > 0 ? static_cast<size_t>(sent) : 0;
    if (sent < 0) {
      pages_.drop(*this);
      return;
    }
    if (sent_ == out_.size()) {
      // Closed only when the client has: what it sent and nobody read would take the answer away from it.
      ::shutdown(fd_.get(), SHUT_WR);
      io_.on_readable<&Connection::on_readable>(pages_.loop_, this, fd_.get());
    }
  }

  void on_late() ROOM(front) { pages_.drop(*this); }

  HttpPages& pages_;
  Fd fd_;
  Watcher io_;
  Watcher timer_;
  std::string in_;
  std::string out_;
  size_t sent_ = 0;
  bool is_answered_ = false;
};

HttpPages::HttpPages(Loop& loop) : loop_(loop) {}

HttpPages::~HttpPages() {
  room::enter(room::front);
  close();
}

void HttpPages::add(std::string_view path, std::string_view doc, Page page) {
  pages_.push_back({std::string(path), std::string(doc), std::move(page)});
}

void HttpPages::open(const Endpoint& where) {
  socket_ = std::make_unique<BoundSocket>(Listening{where}, "pages");
  spare_.hold();
  is_local_ = where.is_local();
  Level level = is_local_ ? Level::Notice : Level::Warning;
  log_event(level, "pages_open",
            Fields()("address", text())("reached_by", is_local_ ? "this machine" : "other machines"));
  listen();
}

void HttpPages::close() {
  connections_.clear();
  accept_.stop();
  retry_.stop();
  socket_.reset();
}

void HttpPages::give_to(uid_t user, gid_t group) {
  const std::string path = socket_ ? socket_->listening().endpoint.path : std::string();
  if (path.starts_with('/') && ::lchown(path.c_str(), user, group) != 0) {
    throw SetupError("cannot give the socket " + path + " to the user: " + strerror(errno), errno);
  }
}

std::string HttpPages::text() const {
  return socket_ ? socket_->text() : std::string();
}

void HttpPages::listen() {
  accept_.on_readable<&HttpPages::on_connect>(loop_, this, socket_->fd());
}

void HttpPages::on_connect() {
  Fd fd = spare_.accept(socket_->fd());
  if (!fd) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      static LogLimit limit{1};
      if (auto pass = limit.pass()) {
        log_event(Level::Warning, "pages_failed",
                  Fields()("address", text())("reason", strerror(errno))("suppressed", pass.suppressed));
      }
      accept_.stop();  // the client stays in the queue, and would be reported again at once
      retry_.on_time<&HttpPages::listen>(loop_, this, retry_after);
    }
    return;
  }
  if (connections_.size() >= most) {
    std::string full =
        rendered(plain_page(503, "there are " + std::to_string(most) + " clients; try again later"), true);
    [[maybe_unused]] ssize_t sent = ::send(fd.get(), full.data(), full.size(), MSG_NOSIGNAL);
    return;
  }
  connections_.push_back(std::make_unique<Connection>(*this, std::move(fd)));
  connections_.back()->start();
}

void HttpPages::drop(const Connection& connection) {
  std::erase_if(connections_, [&](auto& one) { return one.get() == &connection; });
  spare_.hold();
}

HttpPage HttpPages::answer(const HttpQuestion& question) const {
  for (const Named& one : pages_) {
    if (one.path == question.path) {
      return one.page(question);
    }
  }
  return question.path == "/" ? index() : HttpPage{404, std::string(plain), index().body};
}

HttpPage HttpPages::index() const {
  HttpPage page{200, std::string(plain), {}};
  for (const Named& one : pages_) {
    page.body += one.path + "  " + one.doc + "\n";
  }
  return page;
}

}  // namespace stook
