// SPDX-License-Identifier: Apache-2.0
/// What the codec `verdict` writes for each row, and the sink `verdict` reads: which packet, and what was decided of it.
#pragma once

#include <cstdint>

namespace stook {

/// In the machine's own order, for it never leaves the machine. What a row does not decide the sink's options do.
struct PacketDecision {
  static constexpr uint32_t right_magic = 0x4b54'5144;

  uint32_t magic = right_magic;  // by which payloads of other codecs are told
  uint32_t line = 0;
  uint32_t id = 0;
  uint32_t action = 0;
  uint32_t mark = 0;
  uint16_t queue = 0;
  bool has_action = false;
  bool has_mark = false;
  bool is_unreadable = false;  // there was a verdict, or a mark, and it is none
  char unused[3] = {};
};
static_assert(sizeof(PacketDecision) == 28);

}  // namespace stook
