// SPDX-License-Identifier: Apache-2.0
#include "core/api/plugin.hh"

namespace stook {

std::string_view kind_name(Kind kind) {
  constexpr std::string_view names[] = {"source", "filter", "codec", "sink"};
  return names[static_cast<size_t>(kind)];
}

std::string_view remark_name(Remark remark) {
  static constexpr std::string_view names[remarks] = {"checkpoint_failures", "hole_bytes"};
  return names[static_cast<size_t>(remark)];
}

std::string_view loss_name(Loss loss) {
  constexpr std::string_view names[losses] = {"kernel", "pool", "too_long", "unreadable", "framing"};
  return names[static_cast<size_t>(loss)];
}

}  // namespace stook
