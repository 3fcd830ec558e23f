// SPDX-License-Identifier: Apache-2.0
/// A socket of netfilter's netlink, and the messages that come by it.
///
/// The kernel answers a request before send(2) returns. What comes is datagrams of one or more messages, `struct nlmsghdr` and
/// a body; linux/netlink.h is the specification.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/needs.hh"
#include "core/base/fd.hh"
#include "sources/netfilter/netlink_tray.hh"

namespace stook {

/// One message of a datagram. Of an answer to a request (NLMSG_ERROR), `error` is its errno, 0 for done.
struct NetlinkMessage {
  uint16_t type = 0;
  uint16_t flags = 0;
  uint32_t sequence = 0;
  int error = 0;
  std::string_view body;
};

/// Cuts a datagram into messages. The datagram must outlive the cutter, and begin at a multiple of four.
class NetlinkCutter {
 public:
  NetlinkCutter() = default;
  explicit NetlinkCutter(std::string_view datagram) : rest_(datagram) {}
  /// False at the end, or where what follows is no message: then `is_torn`.
  [[nodiscard]] bool next(NetlinkMessage& message);
  bool is_torn() const { return is_torn_; }

 private:
  std::string_view rest_;
  bool is_torn_ = false;
};

/// A request to a part of nfnetlink, attribute by attribute. Numbers go in network order, as all of netfilter's.
class NetlinkRequest {
 public:
  /// `type` as NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG. An answer is asked for.
  NetlinkRequest(uint16_t type, uint16_t flags, uint8_t family, uint16_t resource, uint32_t sequence);
  void put(uint16_t attribute, std::string_view bytes);
  void put16(uint16_t attribute, uint16_t value);
  void put32(uint16_t attribute, uint32_t value);
  std::string_view bytes() const;

 private:
  alignas(8) char bytes_[512] = {};
};

/// What listening to netfilter takes; `netns` empty: in one's own network namespace.
void add_netlink_needs(const std::string& netns, Needs& needs);

/// Which network namespace a name stands for now.
struct NamespaceId {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const NamespaceId&, const NamespaceId&) = default;
};
/// The file of a namespace: NAME is /run/netns/NAME, a path is itself.
std::string namespace_path(const std::string& name);
/// All 0 when there is none of that name.
NamespaceId namespace_id(const std::string& name);

/// Throws SetupError: CAP_NET_ADMIN is missing, and how to give it. `what` failed.
[[noreturn]] void throw_no_capability(const std::string& what, int error);

/// *Invariants:* does not block; takes messages from the kernel alone. *Rooms:* whoever has it, one at a time.
class NetlinkSocket {
 public:
  /// What a receive gave. Overrun: the buffer was full since the last one (ENOBUFS), and messages were lost.
  enum class Step : uint8_t { Some, Empty, Overrun, Failed };

  /// `most`: bytes of the largest datagram; `at_once`: how many are received by one call.
  explicit NetlinkSocket(size_t most, size_t at_once = 1) : tray_(most, at_once) {}

  /// Opens it, in a named network namespace or, with an empty name, in that of the process. Throws SetupError.
  void open(const std::string& netns);
  void close() {
    fd_.reset();
    tray_.clear();
  }
  int fd() const { return fd_.get(); }
  bool is_open() const { return static_cast<bool>(fd_); }

  /// The next datagram; `bytes` is valid until the next call. Failed: `errno` says why.
  [[nodiscard]] Step receive(std::string_view& bytes);
  /// Datagrams that the kernel has given, and `receive` not yet.
  size_t waiting() const { return tray_.waiting(); }
  /// The kernel had fewer than were asked for when it was last asked.
  bool is_short() const { return tray_.is_short(); }
  /// False: `errno` says why.
  [[nodiscard]] bool send(const NetlinkRequest& request) { return send(request.bytes()); }
  [[nodiscard]] bool send(std::string_view messages);
  /// Sends it, and gives the errno of its answer; nothing else may come meanwhile.
  int ask(const NetlinkRequest& request, uint32_t sequence);

  /// Takes what is told to a group of listeners, NFNLGRP_*. False: `errno` says why.
  [[nodiscard]] bool join(int group);
  /// The kernel itself waits rather than losing what it tells.
  [[nodiscard]] bool be_reliable();
  /// What the program refuses never comes into the buffer. False: `errno` says why.
  [[nodiscard]] bool set_filter(const std::vector<sock_filter>& program);
  /// Bytes that the kernel holds before it drops.
  uint64_t buffer() const;
  /// Asks for another size, beyond net.core.rmem_max where CAP_NET_ADMIN allows; what it is then.
  uint64_t set_buffer(uint64_t bytes);

 private:
  Fd fd_;
  NetlinkTray tray_;
};

}  // namespace stook
