// SPDX-License-Identifier: Apache-2.0
/// A socket of AF_PACKET with a ring of TPACKET_V3: the kernel fills blocks of memory that both see, and hands them
/// over one by one. Room: the source's front.
///
/// A block begins with `struct tpacket_block_desc`; packets in it begin with `struct tpacket3_hdr`, say how far on the
/// next one is, and have a `struct sockaddr_ll` behind that. linux/if_packet.h is the specification.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fd.hh"
#include "sources/pcap/packet/choice.hh"

namespace stook {

/// A packet in the ring. Its bytes stay until `take` has been called for the last one of its block.
struct RingPacket {
  std::string_view frame;    // from its link layer on
  std::string_view network;  // from its network layer on
  int64_t time;              // ns since 1970
  int vlan;                  // a tag that the kernel has taken off; -1: none
  int protocol;              // EtherType
  uint32_t interface;
  uint16_t hardware;  // ARPHRD_*
  bool is_outgoing;
};

/// *Invariants:* blocks are taken in the order in which the kernel fills them; one that was opened is given back when
/// its last packet is taken. *Rooms:* its source's front.
class PacketRing {
 public:
  /// No block is smaller, and no frame that is copied larger.
  static constexpr size_t block_size = 256 * 1024;
  static constexpr size_t most_copied = 65'535;

  PacketRing() = default;
  PacketRing(const PacketRing&) = delete;
  PacketRing& operator=(const PacketRing&) = delete;
  ~PacketRing() { close(); }

  /// Opens a socket that gets no packet yet, with a ring of so many bytes. Throws SetupError; ENODEV: there is no such
  /// interface.
  void open(const PacketConfig& config);
  /// From here on the chosen packets come. Throws SetupError.
  void choose(const std::vector<sock_filter>& program);
  /// From here on none come; those that did are in the ring, or soon.
  void end() noexcept;
  void close();
  bool is_open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  /// ARPHRD_* of the interface; -1 for all of them.
  int hardware() const { return hardware_; }
  unsigned interface() const { return interface_; }
  /// What was wrong with the socket since the last call; 0: nothing.
  int error();

  /// The next packet. False: there is none now.
  [[nodiscard]] bool next(RingPacket& packet);
  /// It is done with.
  void take();

  /// Packets for which there was no place since the last call.
  uint64_t count_lost();
  /// Packets that the kernel has put into the ring, as of the last `count_lost`, and those that were taken.
  uint64_t put() const { return put_; }
  uint64_t taken() const { return taken_; }

 private:
  void find_interface(const std::string& name);
  void make_ring(size_t bytes);
  void bind(const PacketConfig& config);
  bool open_block();

  Fd fd_;
  char* memory_ = nullptr;
  size_t size_ = 0;
  size_t blocks_ = 0;
  size_t block_ = 0;          // the one that is read, or comes next
  const char* at_ = nullptr;  // its next packet
  uint32_t left_ = 0;         // packets in it
  int hardware_ = -1;
  unsigned interface_ = 0;
  uint64_t put_ = 0;
  uint64_t taken_ = 0;
};

}  // namespace stook
