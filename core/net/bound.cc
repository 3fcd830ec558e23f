// SPDX-License-Identifier: Apache-2.0
#include "core/net/bound.hh"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <iterator>
#include <mutex>
#include <utility>

#include "core/base/clock.hh"
#include "core/base/processor.hh"
#include "core/base/root_door.hh"
#include "core/base/status.hh"
#include "core/net/connection.hh"

namespace stook {

namespace {

constexpr int64_t kept_most = 60'000'000'000;  // ns
constexpr int backlog = 4096;                  // the kernel takes the smaller of this and net.core.somaxconn

/// What sources that have stopped leave to others. COLD: sources are started and stopped, and no more.
struct Offers {
  struct Kept {
    std::unique_ptr<BoundSocket> socket;
    int64_t since;
  };
  std::mutex lock;
  std::vector<BoundSocket*> all;
  std::vector<Kept> kept;  // whose sources did not start; they are among `all`
};
Offers& offers() {
  static Offers one;
  return one;
}

[[noreturn]] void fail(const Listening& listening, const char* deed, int code) {
  std::string what = "cannot " + std::string(deed) + " " + listening.endpoint.text() + ": " + std::strerror(code);
  if (code == EADDRINUSE) {
    what += "; another process, or another source, listens there";
  } else if (code == EACCES && !listening.endpoint.is_unix()) {
    what += "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
  } else if (code == EADDRNOTAVAIL) {
    what += "; no interface of this machine has that address";
  }
  throw SetupError(what, code);
}

void set(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

/// Connections inherit these: a peer that has vanished gives its place back after seven minutes.
void keep_alive(int fd) {
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 300);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 30);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

/// Whether a process answers at a unix socket.
bool is_answered(const SocketAddress& address, int type) {
  Fd fd(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return connect(fd.get(), address.get(), address.length()) == 0 || (errno != ECONNREFUSED && errno != ENOENT);
}

/// After a bind that was not permitted: the socket from whoever has kept the right to it; empty: nobody has.
Fd bind_by_door(const Listening& listening, const std::string& owner) {
  RootDoor* door = root_door();
  if (door == nullptr) {
    return {};
  }
  Granted granted = door->listen(owner, listening.endpoint.text(), listening.is_stream);
  if (!granted.fd) {
    throw SetupError("cannot bind " + listening.endpoint.text() + ": the monitor says: " + granted.why, EACCES);
  }
  return std::move(granted.fd);
}

}  // namespace

BoundSocket::BoundSocket(Listening listening, std::string_view owner)
    : listening_(std::move(listening)), owner_(owner) {
  if (!take_offer() && !take_passed()) {
    listening_.endpoint.is_unix() ? bind_unix() : bind_ip();
    wake();
  }
  prefer_own_processor();
}

BoundSocket::~BoundSocket() {
  {
    std::lock_guard guard(offers().lock);
    std::erase(offers().all, this);
  }
  close();
}

void BoundSocket::close() {
  fd_.reset();
  passed_ = {};
  struct stat now {};
  if (std::exchange(has_file_, false) && lstat(listening_.endpoint.path.c_str(), &now) == 0 &&
      now.st_dev == file_.st_dev && now.st_ino == file_.st_ino) {
    unlink(listening_.endpoint.path.c_str());
  }
}

// The kernel keeps the port of a socket that was shut down, and lets it listen again.
void BoundSocket::rest() {
  is_resting_ = true;
  if (!listening_.endpoint.is_unix() && !passed_.is_used()) {
    shutdown(fd_.get(), SHUT_RD);
  }
}

void BoundSocket::wake() {
  is_resting_ = false;
  if (listening_.is_stream && listen(fd_.get(), backlog) != 0) {
    fail(listening_, "listen on", errno);
  }
}

std::string BoundSocket::text() const {
  return listening_.endpoint.is_unix() ? listening_.endpoint.path : SocketAddress::of_socket(fd_.get()).text();
}

void BoundSocket::offer(std::vector<std::unique_ptr<Connection>> connections) {
  if (!fd_) {
    return;
  }
  std::move(connections.begin(), connections.end(), std::back_inserter(connections_));
  std::lock_guard guard(offers().lock);
  offers().all.push_back(this);
}

void BoundSocket::hand_back(std::unique_ptr<BoundSocket> socket) {
  if (!socket->is_taken_over_ || !socket->fd_) {
    return;
  }
  std::lock_guard guard(offers().lock);
  auto& all = offers().all;
  if (std::find(all.begin(), all.end(), socket.get()) == all.end()) {
    all.push_back(socket.get());
  }
  offers().kept.push_back({std::move(socket), monotonic_ns()});
}

std::vector<std::unique_ptr<Connection>> BoundSocket::take_connections() {
  return std::exchange(connections_, {});
}

bool is_same_place(const Listening& a, const Listening& b) {
  return a.endpoint == b.endpoint && a.is_stream == b.is_stream;
}

bool BoundSocket::is_same_use(const BoundSocket& other) const {
  bool is_any_port = !listening_.endpoint.is_unix() && listening_.endpoint.port == 0;
  return is_same_place(listening_, other.listening_) && (!is_any_port || owner_ == other.owner_);
}

bool BoundSocket::take_offer() {
  std::vector<Offers::Kept> over;  // destroyed once the lock is free
  std::lock_guard guard(offers().lock);
  auto& all = offers().all;
  int64_t now = monotonic_ns();
  auto is_over = [&](const Offers::Kept& kept) { return now - kept.since > kept_most; };
  auto end = std::stable_partition(offers().kept.begin(), offers().kept.end(), std::not_fn(is_over));
  for (auto old = end; old != offers().kept.end(); old++) {
    std::erase(all, old->socket.get());
    over.push_back(std::move(*old));
  }
  offers().kept.erase(end, offers().kept.end());
  auto found = std::find_if(all.begin(), all.end(), [&](BoundSocket* other) { return is_same_use(*other); });
  if (found == all.end()) {
    return false;
  }
  BoundSocket& other = **found;
  all.erase(found);
  fd_ = std::move(other.fd_);
  passed_ = std::move(other.passed_);
  file_ = other.file_;
  has_file_ = std::exchange(other.has_file_, false);
  connections_ = std::move(other.connections_);
  is_taken_over_ = true;
  auto kept = std::find_if(offers().kept.begin(), offers().kept.end(),
                           [&](const Offers::Kept& one) { return one.socket.get() == &other; });
  if (kept != offers().kept.end()) {
    over.push_back(std::move(*kept));
    offers().kept.erase(kept);
  }
  if (listening_.is_shared) {
    set(fd_.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (other.is_resting_) {
    wake();
  }
  if (has_file_ && listening_.mode != other.listening_.mode &&
      chmod(listening_.endpoint.path.c_str(), listening_.mode) != 0) {
    fail(listening_, "set the permissions of", errno);
  }
  return true;
}

bool BoundSocket::take_passed() {
  std::optional<PassedSocket> found = stook::take_passed(listening_.endpoint, listening_.is_stream);
  if (!found) {
    return false;
  }
  fd_ = std::move(found->fd);
  passed_ = std::move(found->use);
  if (listening_.is_stream && !listening_.endpoint.is_unix()) {
    keep_alive(fd_.get());
  }
  return true;
}

void BoundSocket::open_socket(int family) {
  int type = (listening_.is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
  fd_.reset(socket(family, type, 0));
  if (!listening_.is_stream && listening_.receive_buffer > 0) {
    // By whoever has the right to it, be it that it is given up before anything is read.
    set(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE,
        static_cast<int>(std::min<uint64_t>(listening_.receive_buffer, 1 << 30)));
  }
  if (!fd_ || family == AF_UNIX) {
    return;
  }
  if (listening_.is_stream) {
    set(fd_.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    keep_alive(fd_.get());
  }
  if (listening_.is_shared) {
    set(fd_.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  }
}

// SO_INCOMING_CPU, socket(7): it counts among several sockets since Linux 6.2.
void BoundSocket::prefer_own_processor() {
  if (listening_.is_shared) {
    set(fd_.get(), SOL_SOCKET, SO_INCOMING_CPU, own_processor());
  }
}

void BoundSocket::bind_ip() {
  const Endpoint& endpoint = listening_.endpoint;
  bool is_all = endpoint.host == "*";
  SocketAddress address = *SocketAddress::of(is_all ? Endpoint{"::", endpoint.port, {}} : endpoint);
  open_socket(address.family());
  if (fd_ && address.family() == AF_INET6) {
    set(fd_.get(), IPPROTO_IPV6, IPV6_V6ONLY, is_all ? 0 : 1);
  }
  bool has_bound = fd_ && bind(fd_.get(), address.get(), address.length()) == 0;
  if (!has_bound && is_all && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {  // a machine without IPv6
    address = *SocketAddress::of(Endpoint{"0.0.0.0", endpoint.port, {}});
    open_socket(AF_INET);
    has_bound = fd_ && bind(fd_.get(), address.get(), address.length()) == 0;
  }
  if (int code = errno; !has_bound && code == EACCES) {
    fd_ = bind_by_door(listening_, owner_);
    has_bound = static_cast<bool>(fd_);
    errno = code;
  }
  if (!has_bound) {
    fail(listening_, "bind", errno);
  }
}

void BoundSocket::bind_unix() {
  const std::string& path = listening_.endpoint.path;
  SocketAddress address = *SocketAddress::of(listening_.endpoint);
  open_socket(AF_UNIX);
  // The file is made with these permissions at once, less what the umask takes away.
  bool has_bound =
      fd_ && fchmod(fd_.get(), listening_.mode) == 0 && bind(fd_.get(), address.get(), address.length()) == 0;
  bool is_file = path.front() == '/';
  if (!has_bound && errno == EADDRINUSE && is_file) {
    struct stat there {};
    bool is_stale = lstat(path.c_str(), &there) == 0 && S_ISSOCK(there.st_mode) &&
                    !is_answered(address, listening_.is_stream ? SOCK_STREAM : SOCK_DGRAM);
    errno = EADDRINUSE;
    has_bound = is_stale && unlink(path.c_str()) == 0 && bind(fd_.get(), address.get(), address.length()) == 0;
  }
  if (!has_bound) {
    fail(listening_, "bind", errno);
  }
  has_file_ = is_file && lstat(path.c_str(), &file_) == 0;
  if (has_file_ && chmod(path.c_str(), listening_.mode) != 0) {
    fail(listening_, "set the permissions of", errno);
  }
}

}  // namespace stook
