// SPDX-License-Identifier: Apache-2.0
#include "sources/pcap/packet/ring.hh"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "core/base/status.hh"

namespace stook {

namespace {

constexpr unsigned retire_ms = 20;  // a block with a packet in it is handed over after this time
constexpr unsigned frame_size = 2048;
constexpr int64_t second = 1'000'000'000;

[[noreturn]] void fail(const std::string& what) {
  int error = errno;
  if (error == EPERM || error == EACCES) {
    throw SetupError(
        what +
            ": CAP_NET_RAW is missing; run stookd as root, or give it by AmbientCapabilities=CAP_NET_RAW in "
            "its unit, or by setcap cap_net_raw+ep on the program",
        error);
  }
  throw SetupError(what + ": " + std::strerror(error), error);
}

template <class T>
bool set(int fd, int name, const T& value) {
  return ::setsockopt(fd, SOL_PACKET, name, &value, sizeof value) == 0;
}

void attach(int fd, const std::vector<sock_filter>& program) {
  sock_fprog all{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &all, sizeof all) != 0) {
    fail("the kernel does not take the filter");
  }
}

tpacket_hdr_v1& head_of(char* block) {
  return reinterpret_cast<tpacket_block_desc*>(block)->hdr.bh1;
}

// Written by the kernel and by this side, each after the rest of the block.
bool is_ours(char* block) {
  return (std::atomic_ref(head_of(block).block_status).load(std::memory_order_acquire) & TP_STATUS_USER) != 0;
}
void give_back(char* block) {
  std::atomic_ref(head_of(block).block_status).store(TP_STATUS_KERNEL, std::memory_order_release);
}

}  // namespace

void PacketRing::open(const PacketConfig& config) {
  close();
  fd_.reset(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));  // protocol 0: nothing comes
  if (!fd_) {
    fail("cannot open a packet socket");
  }
  try {
    find_interface(config.interface);
    attach(fd_.get(), no_packets());
    make_ring(config.ring.bytes);
    bind(config);
  } catch (...) {
    close();
    throw;
  }
}

void PacketRing::find_interface(const std::string& name) {
  hardware_ = -1;
  interface_ = 0;
  if (name.empty()) {
    return;
  }
  ifreq request{};
  name.copy(request.ifr_name, sizeof request.ifr_name - 1);
  if (::ioctl(fd_.get(), SIOCGIFINDEX, &request) != 0) {
    fail("interface " + name);
  }
  interface_ = static_cast<unsigned>(request.ifr_ifindex);
  if (::ioctl(fd_.get(), SIOCGIFHWADDR, &request) != 0) {
    fail("interface " + name);
  }
  hardware_ = request.ifr_hwaddr.sa_family;
}

void PacketRing::make_ring(size_t bytes) {
  blocks_ = std::max<size_t>(bytes / block_size, 2);
  tpacket_req3 request{};
  request.tp_block_size = block_size;
  request.tp_block_nr = static_cast<unsigned>(blocks_);
  request.tp_frame_size = frame_size;
  request.tp_frame_nr = static_cast<unsigned>(blocks_ * (block_size / frame_size));
  request.tp_retire_blk_tov = retire_ms;
  int version = TPACKET_V3;
  if (!set(fd_.get(), PACKET_VERSION, version) || !set(fd_.get(), PACKET_RX_RING, request)) {
    fail("the kernel makes no ring of " + std::to_string(blocks_ * block_size) + " bytes");
  }
  size_ = blocks_ * block_size;
  void* memory = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
  if (memory == MAP_FAILED) {
    fail("the ring cannot be mapped");
  }
  memory_ = static_cast<char*>(memory);
}

void PacketRing::bind(const PacketConfig& config) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(interface_);
  if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    fail("interface " + config.interface);
  }
  if (config.promiscuous && interface_ != 0) {
    packet_mreq membership{};
    membership.mr_ifindex = static_cast<int>(interface_);
    membership.mr_type = PACKET_MR_PROMISC;
    if (!set(fd_.get(), PACKET_ADD_MEMBERSHIP, membership)) {
      fail("interface " + config.interface + " does not become promiscuous");
    }
  }
  if (config.fanout != PacketFanout::None) {
    constexpr unsigned kinds[] = {0, PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_DEFRAG, PACKET_FANOUT_LB,
                                  PACKET_FANOUT_CPU};
    unsigned kind = kinds[static_cast<size_t>(config.fanout)];
    if (!set(fd_.get(), PACKET_FANOUT, static_cast<unsigned>(config.fanout_group) | kind << 16)) {
      fail("fanout group " + std::to_string(config.fanout_group) +
           " cannot be joined, which takes the same interface and fanout as its others have");
    }
  }
}

void PacketRing::choose(const std::vector<sock_filter>& program) {
  attach(fd_.get(), program);
}

void PacketRing::end() noexcept {
  try {
    attach(fd_.get(), no_packets());
  } catch (const SetupError&) {  // the interface has gone, and its packets with it
  }
}

void PacketRing::close() {
  if (memory_ != nullptr) {
    ::munmap(memory_, size_);
  }
  memory_ = nullptr;
  fd_.reset();
  at_ = nullptr;
  block_ = 0;
  left_ = 0;
  put_ = taken_ = 0;
}

int PacketRing::error() {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// A block without packets is given back at once.
bool PacketRing::open_block() {
  while (left_ == 0) {
    char* block = memory_ + block_ * block_size;
    if (memory_ == nullptr || !is_ours(block)) {
      return false;
    }
    left_ = head_of(block).num_pkts;
    at_ = block + head_of(block).offset_to_first_pkt;
    if (left_ == 0) {
      give_back(block);
      block_ = (block_ + 1) % blocks_;
    }
  }
  return true;
}

bool PacketRing::next(RingPacket& packet) {
  if (!open_block()) {
    return false;
  }
  const auto& head = *reinterpret_cast<const tpacket3_hdr*>(at_);
  const auto& from = *reinterpret_cast<const sockaddr_ll*>(at_ + TPACKET_ALIGN(sizeof(tpacket3_hdr)));
  size_t link = std::min<size_t>(head.tp_net - std::min(head.tp_mac, head.tp_net), head.tp_snaplen);
  packet.frame = {at_ + head.tp_mac, head.tp_snaplen};
  packet.network = packet.frame.substr(link);
  packet.time = int64_t{head.tp_sec} * second + head.tp_nsec;
  packet.vlan = (head.tp_status & TP_STATUS_VLAN_VALID) != 0 ? head.hv1.tp_vlan_tci & 0xfff : -1;
  packet.protocol = ntohs(from.sll_protocol);
  packet.interface = static_cast<uint32_t>(from.sll_ifindex);
  packet.hardware = from.sll_hatype;
  packet.is_outgoing = from.sll_pkttype == PACKET_OUTGOING;
  return true;
}

void PacketRing::take() {
  taken_++;
  at_ += reinterpret_cast<const tpacket3_hdr*>(at_)->tp_next_offset;
  if (--left_ == 0) {
    give_back(memory_ + block_ * block_size);
    block_ = (block_ + 1) % blocks_;
  }
}

uint64_t PacketRing::count_lost() {
  tpacket_stats_v3 counts{};
  socklen_t size = sizeof counts;
  if (!fd_ || ::getsockopt(fd_.get(), SOL_PACKET, PACKET_STATISTICS, &counts, &size) != 0) {
    return 0;
  }
  put_ += counts.tp_packets - std::min(counts.tp_drops, counts.tp_packets);
  return counts.tp_drops;
}

}  // namespace stook
