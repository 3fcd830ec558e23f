// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/log_group.hh"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "core/data/endian.hh"

namespace stook {

namespace {

constexpr uint32_t prepare_sequence = 1;
constexpr uint32_t bind_sequence = 2;
constexpr uint32_t conntrack_sequence = 3;
constexpr uint32_t unbind_sequence = 4;

/// No family has this number: the kernel refuses it with EPERM to those who may not ask, and as invalid to others.
constexpr uint8_t no_family = 255;

/// Bytes that the kernel gathers before it sends: packets of 256 with what is said of them, and with its own bookkeeping just
/// below a power of two, so that a full one wastes nothing. Its default, a page, holds some 16 packets, and each datagram
/// costs the wake-ups of three threads. At most what it allows; and few where few are asked for, as it takes all of it
/// from the socket's buffer for each datagram.
uint32_t gathered_bytes(uint32_t threshold) {
  constexpr uint32_t bookkeeping = 512;
  constexpr uint32_t of_packet = 256;
  constexpr uint32_t most = 131072;
  auto least = std::min(2 * static_cast<uint32_t>(::sysconf(_SC_PAGESIZE)), most);  // it refuses less than a page
  return std::bit_ceil(std::clamp(std::min(threshold, most) * of_packet, least, most)) - bookkeeping;
}

std::string_view command(const uint8_t& number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

}  // namespace

NetlinkRequest LogGroup::request(uint8_t family, uint16_t group, uint32_t sequence) const {
  return {NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, NLM_F_ACK, family, group, sequence};
}

uint16_t LogGroup::flags() const {
  return static_cast<uint16_t>(NFULNL_CFG_F_SEQ | (rules_.has_global_sequence ? NFULNL_CFG_F_SEQ_GLOBAL : 0));
}

void LogGroup::prepare(NetlinkSocket& socket) {
  auto ask = [&](uint8_t number, uint8_t family) ROOM(front) {
    NetlinkRequest asked = request(family, 0, prepare_sequence);
    asked.put(NFULA_CFG_CMD, command(number));
    return socket.ask(asked, prepare_sequence);
  };
  if (int error = ask(NFULNL_CFG_CMD_PF_BIND, no_family); error == EPERM || error == EACCES) {
    throw_no_capability("cannot listen to netfilter's log", error);
  }
  for (uint8_t family : {AF_INET, AF_INET6, AF_BRIDGE}) {
    if (rules_.is_system_logger && rules_.is_former_unbound) {
      (void)ask(NFULNL_CFG_CMD_PF_UNBIND, family);
    }
    if (rules_.is_system_logger) {
      (void)ask(NFULNL_CFG_CMD_PF_BIND, family);
    }
  }
}

bool LogGroup::bind(NetlinkSocket& socket) {
  NetlinkRequest asked = request(AF_UNSPEC, rules_.group, bind_sequence);
  asked.put(NFULA_CFG_CMD, command(NFULNL_CFG_CMD_BIND));
  char mode[sizeof(nfulnl_msg_config_mode)] = {};
  put_big(mode, rules_.copy_range);
  mode[offsetof(nfulnl_msg_config_mode, copy_mode)] = static_cast<char>(rules_.copy_mode);
  asked.put(NFULA_CFG_MODE, {mode, sizeof mode});
  asked.put32(NFULA_CFG_NLBUFSIZ, gathered_bytes(rules_.threshold));
  asked.put32(NFULA_CFG_TIMEOUT, rules_.timeout);
  asked.put32(NFULA_CFG_QTHRESH, rules_.threshold);
  asked.put16(NFULA_CFG_FLAGS, flags());
  return socket.send(asked);
}

bool LogGroup::ask_conntrack(NetlinkSocket& socket) {
  NetlinkRequest asked = request(AF_UNSPEC, rules_.group, conntrack_sequence);
  asked.put16(NFULA_CFG_FLAGS, flags() | NFULNL_CFG_F_CONNTRACK);
  return socket.send(asked);
}

bool LogGroup::unbind(NetlinkSocket& socket) {
  NetlinkRequest asked = request(AF_UNSPEC, rules_.group, unbind_sequence);
  asked.put(NFULA_CFG_CMD, command(NFULNL_CFG_CMD_UNBIND));
  return socket.send(asked);
}

LogGroup::Request LogGroup::answered(uint32_t sequence) const {
  switch (sequence) {
    case bind_sequence:
      return Request::Bind;
    case conntrack_sequence:
      return Request::Conntrack;
    case unbind_sequence:
      return Request::Unbind;
    default:
      return Request::None;
  }
}

std::string holder_of_group(uint16_t group) {
  std::string holder;
  std::FILE* file = std::fopen("/proc/net/netfilter/nfnetlink_log", "re");
  char line[256];
  while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
    unsigned number = 0;
    unsigned port = 0;
    if (std::sscanf(line, "%u %u", &number, &port) == 2 && number == group) {
      holder = "port id " + std::to_string(port);
    }
  }
  if (file != nullptr) {
    std::fclose(file);
  }
  return holder;
}

}  // namespace stook
