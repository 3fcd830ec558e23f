// SPDX-License-Identifier: Apache-2.0
#include "core/net/streams.hh"

#include <errno.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/log.hh"
#include "core/base/status.hh"

namespace stook {

namespace {

constexpr int64_t second = 1'000'000'000;
constexpr size_t events_a_turn = 64;
constexpr size_t queued_a_turn = 64;

}  // namespace

StreamServer::StreamServer(const NetConfig& config, NetRows& rows, PartEnd& end, Protocol* protocol)
    : config_(config),
      rows_(rows),
      end_(end),
      protocol_(protocol),
      shape_{{config.framing, config.max_line.bytes}, rows},
      acceptor_(config.connections, config.connections_per_address) {
  // 16 KiB for each connection that there may be, and some long records in any case.
  shape_.most_buffered = std::max<size_t>(config.connections * 16 * 1024, 16 * config.max_line.bytes);
}

StreamServer::~StreamServer() = default;

void StreamServer::start() {
  bool is_secure = false;
  for (const Listening& listening : config_.listenings) {
    if (listening.is_stream) {
      listeners_.push_back(std::make_unique<BoundSocket>(listening, id()));
      is_secure = is_secure || listening.is_secure;
    }
  }
  if (listeners_.empty()) {
    return;
  }
  if (is_secure) {
    tls_.emplace(config_, TlsRole::Server);
  }
  epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  acceptor_.open();
  if (!epoll_) {
    throw SetupError(std::string("cannot watch connections: ") + std::strerror(errno), errno);
  }
  has_ended_ = false;
  read_clock();
  for (size_t i = 0; i < listeners_.size(); i++) {
    for (std::unique_ptr<Connection>& connection : listeners_[i]->take_connections()) {
      acceptor_.admit(connection->peer);
      adopt(std::move(connection), i);
    }
    tell_address(*listeners_[i]);
  }
  watch_listeners();
  watch();
}

void StreamServer::tell_address(const BoundSocket& listener) {
  log_event(Level::Notice, "listening",
            Fields()("instance", id())("address", listener.text())("socket",
                                                                   listener.listening().is_secure ? "tls" : "stream"));
}

void StreamServer::watch() {
  events_.on_readable<&StreamServer::on_events>(loop(), this, epoll_.get());
  if (!queue_.empty()) {
    queued_.on_idle<&StreamServer::on_queue>(loop(), this);
  }
}

void StreamServer::pause() {
  if (has_ended_ || std::exchange(is_paused_, true)) {
    return;
  }
  paused_at_ = loop().now();
  events_.stop();
  queued_.stop();
}

void StreamServer::resume() {
  if (has_ended_ || !std::exchange(is_paused_, false)) {
    return;
  }
  paused_for_ += loop().now() - paused_at_;
  watch();
}

void StreamServer::stop() {
  std::vector<std::vector<std::unique_ptr<Connection>>> of_listeners(listeners_.size());
  for (std::unique_ptr<Connection>& connection : connections_) {
    if (is_left(*connection)) {
      count_unread(*connection);
    } else if (protocol_ != nullptr) {
      release(std::move(connection));
    } else {
      of_listeners[connection->listener].push_back(std::move(connection));
    }
  }
  for (size_t i = 0; i < listeners_.size(); i++) {
    listeners_[i]->offer(std::move(of_listeners[i]));
  }
  connections_.clear();
  to_read_out_ = 0;
  queue_.clear();
  for (Watcher* watcher : {&events_, &queued_, &seconds_, &again_, &last_second_}) {
    watcher->stop();
  }
  epoll_.reset();
  acceptor_.close();
  has_ended_ = true;
}

void StreamServer::hand_back() {
  stop();
  for (auto& listener : listeners_) {
    BoundSocket::hand_back(std::move(listener));
  }
  listeners_.clear();
}

void StreamServer::reopen() {
  std::string why = tls_ ? tls_->reload() : "";
  if (!why.empty()) {
    log_event(Level::Error, "tls_not_reloaded", Fields()("instance", id())("reason", why));
  }
}

bool StreamServer::leave(std::span<const Listening* const> next) {
  if (has_ended_) {
    return false;
  }
  read_clock();
  for (size_t i = 0; i < listeners_.size(); i++) {
    const Listening& here = listeners_[i]->listening();
    if (std::none_of(next.begin(), next.end(), [&](const Listening* one) { return is_same_place(*one, here); })) {
      leave(i);
    }
  }
  is_leaving_ = to_read_out_ > 0;
  if (is_leaving_) {
    last_second_.on_time<&StreamServer::on_last_second>(loop(), this, second);
  }
  return is_leaving_;
}

void StreamServer::leave(size_t listener) {
  if (listeners_[listener]->is_resting()) {
    return;
  }
  while (accept_one(listener)) {}
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listeners_[listener]->fd(), nullptr);
  listeners_[listener]->rest();
  for (auto& connection : connections_) {
    if (connection->listener == listener) {
      to_read_out_++;
      if (protocol_ == nullptr && !connection->session) {
        shutdown(connection->fd(), SHUT_WR);
      }
      queue(*connection);
    }
  }
}

void StreamServer::stay() {
  for (size_t i = 0; i < listeners_.size(); i++) {
    if (listeners_[i]->is_resting()) {
      listeners_[i]->wake();
      watch_listener(i);
      tell_address(*listeners_[i]);
    }
  }
  is_leaving_ = false;
  to_read_out_ = 0;
  last_second_.stop();
}

/// What has been read is still made into rows, and nothing more is read.
void StreamServer::on_last_second() {
  for (auto& connection : connections_) {
    if (is_left(*connection)) {
      connection->is_dry = true;
      queue(*connection);
    }
  }
}

void StreamServer::end_if_done() {
  if (is_leaving_ && to_read_out_ == 0) {
    is_leaving_ = false;
    last_second_.stop();
    end_.part_ended();
  }
}

/// Called when there is a connection to accept, or something to read.
void StreamServer::on_events() {
  read_clock();
  handshakes_ = 0;
  epoll_event events[events_a_turn];
  int count = epoll_wait(epoll_.get(), events, events_a_turn, 0);
  for (int i = 0; i < count && !is_paused_; i++) {
    if (events[i].data.u64 < listeners_.size()) {
      accept_some(static_cast<size_t>(events[i].data.u64));
    } else {
      serve(*static_cast<Connection*>(events[i].data.ptr));
    }
  }
  rows_.feed().seal();
  end_if_done();
}

/// Called in each turn while connections wait for their turn without an event.
void StreamServer::on_queue() {
  read_clock();
  handshakes_ = 0;
  size_t count = std::min(queue_.size(), queued_a_turn);
  std::vector<Connection*> turn(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(count));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(count));
  for (Connection* connection : turn) {
    connection->is_queued = false;
    is_paused_ ? queue(*connection) : serve(*connection);
  }
  if (queue_.empty()) {
    queued_.stop();
  }
  rows_.feed().seal();
  end_if_done();
}

/// Called once a second while a connection has a buffer, or a limit of time.
void StreamServer::on_second() {
  if (is_paused_) {
    return;
  }
  read_clock();
  bool is_needed = false;
  // From the end, as one that closes is replaced by the last one.
  for (size_t i = connections_.size(); i > 0 && !is_paused_; i--) {
    Connection& connection = *connections_[i - 1];
    connection.reader->shrink(shape_);
    is_needed = is_needed || connection.reader->has_buffer() || patience(connection) > 0;
    close_if_silent(connection);
  }
  if (!is_needed) {
    seconds_.stop();
  }
  rows_.feed().seal();
  end_if_done();
}

}  // namespace stook
