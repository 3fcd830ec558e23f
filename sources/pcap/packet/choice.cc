// SPDX-License-Identifier: Apache-2.0
#include "sources/pcap/packet/choice.hh"

#include <linux/if_packet.h>
#include <net/if_arp.h>

#include <cstring>

namespace stook {

namespace {

sock_filter load(int what) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<uint32_t>(SKF_AD_OFF + what)};
}
sock_filter jump(uint32_t value, uint8_t when_equal, uint8_t else_where) {
  return {BPF_JMP | BPF_JEQ | BPF_K, when_equal, else_where, value};
}
sock_filter answer(uint32_t bytes) {
  return {BPF_RET | BPF_K, 0, 0, bytes};
}

}  // namespace

std::vector<sock_filter> no_packets() {
  return {answer(0)};
}

std::vector<sock_filter> packet_choice(std::string_view wanted, PacketDirection direction, uint32_t most) {
  std::vector<sock_filter> program;
  switch (direction) {
    case PacketDirection::In:
      program = {load(SKF_AD_PKTTYPE), jump(PACKET_OUTGOING, 0, 1), answer(0)};
      break;
    case PacketDirection::Out:
      program = {load(SKF_AD_PKTTYPE), jump(PACKET_OUTGOING, 1, 0), answer(0)};
      break;
    case PacketDirection::Both:
      program = {load(SKF_AD_HATYPE), jump(ARPHRD_LOOPBACK, 0, 3), load(SKF_AD_PKTTYPE), jump(PACKET_OUTGOING, 0, 1),
                 answer(0)};
      break;
  }
  if (wanted.empty()) {
    program.push_back(answer(most));
    return program;
  }
  size_t before = program.size();
  program.resize(before + wanted.size() / sizeof(sock_filter));
  std::memcpy(&program[before], wanted.data(), wanted.size());
  for (sock_filter& one : program) {
    bool accepts = one.code == (BPF_RET | BPF_K) && one.k != 0;
    one.k = accepts ? most : one.k;
  }
  return program;
}

}  // namespace stook
