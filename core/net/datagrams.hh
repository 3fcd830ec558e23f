// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The datagram sockets of a source: a row a datagram. Room: the source's front.
///
/// While the pool of bundles is empty nothing is read, and the kernel's buffer holds what comes: on unix sockets the
/// senders wait, on UDP what no longer fits is dropped by the kernel and counted as `pool`. Drops at other times are
/// counted as `kernel`. Both figures are the kernel's own (SO_MEMINFO), exact to the datagram.
///
/// While much comes and the kernel's buffer is large, a socket is read in ticks of 2.5 ms instead of at once, while what was sent
/// is still in the cache, and workers hear of several ticks together: a bundle of a few rows costs nearly as much as a full one,
/// and so does a wake-up (test/bench/net.py).
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/net/bound.hh"
#include "core/net/net_config.hh"
#include "core/net/rows.hh"
#include "core/net/streams.hh"

namespace stook {

/// Memory into which many datagrams are received at once. Its pages are touched as far as datagrams fill them.
class DatagramTray {
 public:
  static constexpr size_t most = 64;

  /// `size`: of the largest datagram that is kept whole. Who sent it is asked of the kernel when somebody wants to know:
  /// `has_names` addresses, `has_control` processes.
  DatagramTray(size_t size, bool has_names, bool has_control);
  ~DatagramTray();
  DatagramTray(const DatagramTray&) = delete;
  DatagramTray& operator=(const DatagramTray&) = delete;

  /// Receives up to `count` datagrams; as recvmmsg(2) says.
  int receive(int fd, size_t count);
  std::string_view bytes(size_t i) const;
  bool is_truncated(size_t i) const { return (messages_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0; }
  Peer peer(size_t i) const;

 private:
  static constexpr size_t control_size = CMSG_SPACE(sizeof(ucred));

  size_t size_;
  size_t stride_;
  char* memory_;
  bool has_names_;
  bool has_control_;
  mmsghdr messages_[most];
  iovec vectors_[most];
  sockaddr_storage addresses_[most];
  alignas(cmsghdr) char controls_[most][control_size];
};

/// *Rooms:* its front.
class DatagramServer {
 public:
  DatagramServer(const NetConfig& config, NetRows& rows, PartEnd& end);
  ~DatagramServer();

  /// Binds what is of datagrams among the config's addresses. Throws SetupError.
  void start() ROOM(front);
  void pause() ROOM(front);
  void resume() ROOM(front);
  /// Leaves the addresses that are not among `next`: reads what the kernel holds there, for a second at most, and tells the
  /// end; true when there is anything to do.
  bool leave(std::span<const Listening* const> next) ROOM(front);
  /// Reads on where it has left.
  void stay() ROOM(front);
  void stop() ROOM(front);
  /// The source does not start after all: as `stop`, and what was taken over is handed back.
  void hand_back() ROOM(front);

 private:
  struct Socket {
    DatagramServer* server;
    std::unique_ptr<BoundSocket> bound;
    Watcher readable;
    Watcher ticks;         // in place of `readable` while much comes
    uint32_t drops = 0;    // as the kernel counted them when last asked
    bool is_left = false;  // what is in it is read, and nothing more
    bool is_empty = false;
    bool can_wait = false;   // the kernel's buffer has room for more than comes between two ticks
    int64_t span_began = 0;  // ns, with a turn; it lasts a tick
    uint64_t span_rows = 0;  // that came in it, behind that turn
    int calm = 0;            // ticks with little, one after the other
    void on_readable() ROOM(front);
    void begin_ticks(int64_t now) ROOM(front);
    void on_tick() ROOM(front);
  };
  void open(const Listening& listening) ROOM(front);
  void set_buffer(const BoundSocket& bound) ROOM(front);
  void watch() ROOM(front);
  void watch(Socket& socket) ROOM(front);
  uint64_t turn(Socket& socket, int rounds) ROOM(front);
  void tell_ticks() ROOM(front);
  bool read_some(Socket& socket) ROOM(front);
  size_t put(Bundle& bundle, size_t count) ROOM(front);
  bool wants_address() const ROOM(front) { return rows_.wants(NetKey::PeerIp) || rows_.wants(NetKey::PeerPort); }
  bool wants_process() const ROOM(front) {
    return rows_.wants(NetKey::PeerPid) || rows_.wants(NetKey::PeerUid) || rows_.wants(NetKey::PeerGid);
  }
  void count_drops(Loss why) ROOM(front);
  void on_second() ROOM(front);
  void on_ending() ROOM(front);
  void finish() ROOM(front);

  const NetConfig& config_;
  NetRows& rows_;
  PartEnd& end_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  std::unique_ptr<DatagramTray> tray_;
  Watcher second_;
  Watcher ending_;
  uint64_t received_ = 0;
  size_t average_ = 200;
  int64_t end_by_ = 0;
  bool is_paused_ = false;
  bool is_ending_ = false;
  bool has_ended_ = true;
};

}  // namespace stook
