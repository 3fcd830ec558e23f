// SPDX-License-Identifier: Apache-2.0
/// The options of the source packet. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "core/api/option.hh"

namespace stook {

enum class PacketDirection : uint8_t { Both, In, Out };
enum class PacketFanout : uint8_t { None, Hash, Balance, Cpu };

struct PacketConfig {
  std::string interface;
  std::string filter;
  PacketDirection direction = PacketDirection::Both;
  uint64_t snap_length = 0;
  bool promiscuous = true;
  Size ring;
  PacketFanout fanout = PacketFanout::None;
  uint64_t fanout_group = 0;
};

}  // namespace stook
