// SPDX-License-Identifier: Apache-2.0
/// Datagrams of the kernel's netlink, received several at once: the kernel sends one for each event of connection tracking, and a
/// call for each of them costs more than to read it.
#pragma once

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace stook {

/// Memory into which datagrams are received. Pages that none fills are never touched.
/// *Invariants:* datagrams begin at multiples of eight; those before `next_` have been taken. *Rooms:* whoever has it, one at a time.
class NetlinkTray {
 public:
  /// `size`: bytes of the largest datagram; what is longer is cut. `count`: how many are received at once.
  NetlinkTray(size_t size, size_t count);
  NetlinkTray(const NetlinkTray&) = delete;
  NetlinkTray& operator=(const NetlinkTray&) = delete;

  /// Forgets what is in it and receives, without waiting. False: nothing came, and `errno` says why.
  [[nodiscard]] bool fill(int fd);
  /// The next one that the kernel sent, valid until `fill`. False: there is none left.
  [[nodiscard]] bool take(std::string_view& bytes);
  void clear() { got_ = next_ = 0; }
  /// How many are left.
  size_t waiting() const { return got_ - next_; }
  /// `fill` found fewer than it has room for: there were no more.
  bool is_short() const { return is_short_; }

 private:
  size_t size_;
  size_t stride_;
  std::unique_ptr<uint64_t[]> memory_;
  std::vector<mmsghdr> messages_;
  std::vector<iovec> vectors_;
  std::vector<sockaddr_nl> senders_;
  size_t got_ = 0;
  size_t next_ = 0;
  bool is_short_ = false;
};

}  // namespace stook
