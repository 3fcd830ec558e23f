// SPDX-License-Identifier: Apache-2.0
#include "core/net/datagrams.hh"

#include <errno.h>
#include <linux/sock_diag.h>

#include <algorithm>
#include <utility>

#include "core/base/log.hh"

namespace stook {

namespace {

constexpr int64_t second = 1'000'000'000;
constexpr uint64_t ample = 8 * 1024 * 1024;  // a buffer for more than a million small datagrams a second
constexpr size_t largest_udp = 65535;

uint32_t drops_of(int fd) {
  uint32_t figures[SK_MEMINFO_VARS] = {};
  socklen_t length = sizeof figures;
  return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, figures, &length) == 0 ? figures[SK_MEMINFO_DROPS] : 0;
}

uint64_t buffer_of(int fd) {
  int size = 0;
  socklen_t length = sizeof size;
  getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &length);
  return static_cast<uint64_t>(size);
}

}  // namespace

DatagramServer::DatagramServer(const NetConfig& config, NetRows& rows, PartEnd& end)
    : config_(config), rows_(rows), end_(end) {}

DatagramServer::~DatagramServer() = default;

void DatagramServer::start() {
  bool has_unix = false;
  for (const Listening& listening : config_.listenings) {
    if (!listening.is_stream) {
      open(listening);
      has_unix = has_unix || listening.endpoint.is_unix();
    }
  }
  if (sockets_.empty()) {
    return;
  }
  size_t most = config_.max_line.bytes;
  tray_ = std::make_unique<DatagramTray>(has_unix ? most : std::min(most, largest_udp), wants_address(),
                                         has_unix && wants_process());
  has_ended_ = false;
  watch();
}

void DatagramServer::open(const Listening& listening) {
  auto socket = std::make_unique<Socket>();
  socket->server = this;
  socket->bound = std::make_unique<BoundSocket>(listening, rows_.feed().id());
  int fd = socket->bound->fd();
  int yes = 1;
  if (listening.endpoint.is_unix()) {
    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes);
  }
  set_buffer(*socket->bound);
  socket->drops = drops_of(fd);
  socket->can_wait = buffer_of(fd) >= ample;
  log_event(Level::Notice, "listening",
            Fields()("instance", rows_.feed().id())("address", socket->bound->text())("socket", "datagram")(
                "rcvbuf", buffer_of(fd)));
  sockets_.push_back(std::move(socket));
}

// The kernel takes half of what it is asked to reserve for its own bookkeeping, and shows the whole.
void DatagramServer::set_buffer(const BoundSocket& bound) {
  if (config_.rcvbuf.bytes == 0) {
    return;
  }
  int asked = static_cast<int>(std::min<uint64_t>(config_.rcvbuf.bytes, 1 << 30));
  if (buffer_of(bound.fd()) / 2 == static_cast<uint64_t>(asked)) {
    return;  // it was bound with it
  }
  if (setsockopt(bound.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &asked, sizeof asked) != 0) {
    setsockopt(bound.fd(), SOL_SOCKET, SO_RCVBUF, &asked, sizeof asked);
  }
  if (uint64_t got = buffer_of(bound.fd()) / 2; got < static_cast<uint64_t>(asked)) {
    log_event(Level::Warning, "rcvbuf_small",
              Fields()("instance", rows_.feed().id())("address", bound.text())("asked", uint64_t{config_.rcvbuf.bytes})(
                  "got", got)("reason", "net.core.rmem_max is smaller, and more takes CAP_NET_ADMIN"));
  }
}

void DatagramServer::watch() {
  for (auto& socket : sockets_) {
    watch(*socket);
  }
  if (is_ending_) {
    ending_.on_idle<&DatagramServer::on_ending>(rows_.feed().loop(), this);
  }
}

void DatagramServer::watch(Socket& socket) {
  if (socket.is_left) {
    return;
  }
  socket.readable.on_readable<&Socket::on_readable>(rows_.feed().loop(), &socket, socket.bound->fd());
}

void DatagramServer::pause() {
  if (has_ended_ || std::exchange(is_paused_, true)) {
    return;
  }
  count_drops(Loss::Kernel);
  for (auto& socket : sockets_) {
    socket->readable.stop();
    socket->ticks.stop();
  }
  tell_ticks();
  ending_.stop();
}

void DatagramServer::resume() {
  if (has_ended_ || !std::exchange(is_paused_, false)) {
    return;
  }
  count_drops(Loss::Pool);
  watch();
}

void DatagramServer::stop() {
  bool has_run = !std::exchange(has_ended_, true);
  if (has_run) {
    count_drops(is_paused_ ? Loss::Pool : Loss::Kernel);
  }
  for (auto& socket : sockets_) {
    socket->readable.stop();
    socket->ticks.stop();
    socket->bound->offer({});
  }
  if (has_run) {
    tell_ticks();
  }
  second_.stop();
  ending_.stop();
}

void DatagramServer::hand_back() {
  stop();
  for (auto& socket : sockets_) {
    BoundSocket::hand_back(std::move(socket->bound));
  }
  sockets_.clear();
}

/// Adds what the kernel has dropped since it was last asked.
void DatagramServer::count_drops(Loss why) {
  for (auto& socket : sockets_) {
    uint32_t now = drops_of(socket->bound->fd());
    uint32_t lost = now - std::exchange(socket->drops, now);  // right when the kernel's count has wrapped, too
    if (lost > 0) {
      rows_.feed().lose(why, lost);
    }
  }
}

/// Called once after a second in which something came.
void DatagramServer::on_second() {
  if (!is_paused_) {
    count_drops(Loss::Kernel);
  }
}

/// Reads a turn's worth; returns how many datagrams it had.
uint64_t DatagramServer::turn(Socket& socket, int rounds) {
  uint64_t before = received_;
  for (int i = 0; i < rounds && read_some(socket); i++) {}
  rows_.feed().seal();
  if (!second_.is_active()) {
    second_.on_time<&DatagramServer::on_second>(rows_.feed().loop(), this, second);
  }
  return received_ - before;
}

/// True when there may be more.
bool DatagramServer::read_some(Socket& socket) {
  Bundle* bundle = rows_.feed().bundle();
  if (bundle == nullptr) {
    return false;
  }
  size_t budget = Feed::arena_budget - bundle->arena().used();
  size_t count = std::min({DatagramTray::most, bundle->room(), budget / average_ + 1});
  int got = tray_->receive(socket.bound->fd(), count);
  socket.is_empty = got < static_cast<int>(count);
  if (got <= 0) {
    return false;
  }
  size_t bytes = put(*bundle, static_cast<size_t>(got));
  rows_.feed().count_bytes(bytes);
  average_ = (7 * average_ + bytes / static_cast<size_t>(got)) / 8 + 1;
  return !socket.is_empty;
}

/// Makes rows of the first `count` datagrams in the tray; returns their bytes.
size_t DatagramServer::put(Bundle& bundle, size_t count) {
  size_t first = bundle.rows();
  size_t bytes = 0;
  Column* message = rows_.column(bundle, NetKey::Message);
  bool has_ids = rows_.wants(NetKey::Id);
  bool wants_peer = wants_address() || wants_process();
  for (size_t i = 0; i < count; i++) {
    std::string_view text = tray_->bytes(i);
    bytes += text.size();
    Row row = bundle.append();
    if (message != nullptr) {
      message->set(row, Cell::of_text(bundle.arena().copy(text)));
    }
    if (tray_->is_truncated(i)) {
      if (Column* truncated = rows_.column(bundle, NetKey::Truncated)) {
        truncated->set(row, Cell::of_boolean(true));
      }
    }
    if (wants_peer) {
      rows_.put_peer(bundle, row, tray_->peer(i));
    }
    received_++;
    if (has_ids) {
      rows_.put_id(bundle, row, 0, received_);
    }
  }
  rows_.put_time(bundle, first);
  return bytes;
}

}  // namespace stook
