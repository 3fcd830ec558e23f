// SPDX-License-Identifier: Apache-2.0
/// The source of packets that pass an interface. Room: its front.
#pragma once

#include <cstdint>
#include <string>

#include "core/api/source.hh"
#include "core/base/log.hh"
#include "sources/pcap/bpf.hh"
#include "sources/pcap/packet/config.hh"
#include "sources/pcap/packet/ring.hh"
#include "sources/pcap/rows.hh"
#include "sources/restarts.hh"

namespace stook {

/// *Invariants:* a packet leaves the ring when it is a row, or counted. *Rooms:* its front.
class PacketSource final : public Source {
 public:
  explicit PacketSource(const PacketConfig& config) : config_(config), filter_(config.filter) {}

  void start(Feed& feed) override ROOM(front);
  void pause() override ROOM(front);
  void resume() override ROOM(front);
  bool end() override ROOM(front);
  void stop() override ROOM(front);

 private:
  void open() ROOM(front);
  void open_again() ROOM(front);
  void wait(const std::string& reason) ROOM(front);
  void watch() ROOM(front);
  void on_readable() ROOM(front);
  void look() ROOM(front);
  bool read() ROOM(front);
  bool put(const RingPacket& packet) ROOM(front);
  void count_lost() ROOM(front);
  void leave_interface() ROOM(front);
  void finish() ROOM(front);

  const PacketConfig& config_;
  PacketFilter filter_ OWNED(front);
  Feed* feed_ OWNED(front) = nullptr;
  PacketRing ring_ OWNED(front);
  PcapRows rows_ OWNED(front);
  LinkFrame frame_ OWNED(front);
  Watcher readable_ OWNED(front);
  Watcher look_ OWNED(front);   // at what was lost, and whether the interface is there
  Watcher again_ OWNED(front);  // after a pause
  Watcher end_ OWNED(front);
  Restarts restarts_ OWNED(front);
  LogLimit wait_limit_;
  uint64_t number_ OWNED(front) = 0;
  bool is_paused_ OWNED(front) = false;
  bool was_paused_ OWNED(front) = false;  // since the ring was last empty
  bool is_ending_ OWNED(front) = false;
  bool has_ended_ OWNED(front) = false;
};

}  // namespace stook
