// SPDX-License-Identifier: Apache-2.0
/// The source of logged packets and its options, but for their rows. Room: its front.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/log.hh"
#include "sources/netfilter/log_group.hh"
#include "sources/netfilter/logged_rows.hh"
#include "sources/netfilter/netlink_source.hh"
#include "sources/restarts.hh"

namespace stook {

/// In the order of NFULNL_COPY_*.
enum class LogCopy : uint8_t { None, Meta, Packet };

struct NflogConfig {
  uint64_t bufsize = 0;
  uint64_t group = 0;
  bool unbind = true;
  bool bind = false;
  bool seq_local = false;
  bool seq_global = false;
  uint64_t numeric_label = 0;
  uint64_t buffer = 0;
  uint64_t buffer_most = 0;
  uint64_t netlink_qthreshold = 0;
  uint64_t netlink_qtimeout = 0;
  bool attach_conntrack = false;
  std::string netns;
  LogCopy copy_mode = LogCopy::Packet;
  uint64_t copy_range = 0;
  uint64_t qthreshold = 0;
  uint64_t qtimeout = 0;
  bool conntrack = false;
  uint64_t block_size = 0;
  uint64_t block_nr = 0;
  uint64_t frame_size = 0;
  bool oneshot = false;
};

/// Said of options for which there is nothing left to do.
inline constexpr const char* no_rings =
    "accepted from old files and without effect: the kernel has no rings for netlink any more";

/// *Invariants:* `next_` is the number that the next packet of the group has. *Rooms:* its front.
class Nflog final : public NetlinkSource {
 public:
  explicit Nflog(const NflogConfig& config);

  void start(Feed& feed) override ROOM(front);
  bool end() override ROOM(front);
  void stop() override ROOM(front);

 protected:
  bool take(const NetlinkMessage& message) override ROOM(front);
  void overrun() override ROOM(front) {
    grow_buffer(config_.buffer_most);
    expect_gap();
  }
  void drained() override ROOM(front);
  void failed(int error) override ROOM(front);
  bool is_row(const NetlinkMessage& message) const override ROOM(front);

 private:
  void open() ROOM(front);
  void open_again() ROOM(front);
  void close_and_wait(bool is_namespace, const std::string& reason) ROOM(front);
  void look_at_namespace() ROOM(front);
  void take_answer(const NetlinkMessage& message) ROOM(front);
  void take_bound(int error) ROOM(front);
  void count_gap(const LoggedPacket& packet) ROOM(front);
  void finish() ROOM(front);

  const NflogConfig& config_;
  LogGroup group_ OWNED(front);
  LoggedRows rows_ OWNED(front);
  Watcher again_ OWNED(front);
  Watcher namespace_watch_ OWNED(front);
  Watcher last_second_ OWNED(front);
  Restarts restarts_ OWNED(front);
  NamespaceId namespace_ OWNED(front);
  LogLimit wait_limit_;
  LoggedPacket packet_ OWNED(front);  // the one at hand
  uint32_t next_ OWNED(front) = 0;
  bool is_bound_ OWNED(front) = false;
  bool is_ending_ OWNED(front) = false;
  bool is_unbound_ OWNED(front) = false;
};

}  // namespace stook
