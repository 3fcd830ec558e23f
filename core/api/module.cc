// SPDX-License-Identifier: Apache-2.0
#include "core/api/module.hh"

#include <string_view>

namespace stook {

std::string_view this_build() {
  return STOOK_BUILD_ID;
}

}  // namespace stook
