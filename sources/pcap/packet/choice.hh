// SPDX-License-Identifier: Apache-2.0
/// Which packets the kernel puts into a ring, and how much of them: a program of classic BPF. Pure.
#pragma once

#include <linux/filter.h>

#include <string_view>
#include <vector>

#include "sources/pcap/packet/config.hh"

namespace stook {

/// `wanted`: the instructions of libpcap, each as `struct sock_filter` has it; empty: every packet. `most`: bytes of a
/// packet that are copied. What leaves by the loopback device comes in by it as well: of these two only one is seen.
std::vector<sock_filter> packet_choice(std::string_view wanted, PacketDirection direction, uint32_t most);
/// No packet at all.
std::vector<sock_filter> no_packets();

}  // namespace stook
