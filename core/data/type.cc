// SPDX-License-Identifier: Apache-2.0
#include "core/data/type.hh"

#include <array>

namespace stook {

namespace {
constexpr std::array<std::string_view, 11> names = {"null", "boolean", "integer", "unsigned", "real", "time",
                                                    "text", "bytes",   "address", "object",   "mixed"};
}

std::string_view type_name(Type type) {
  return names[static_cast<size_t>(type)];
}

bool find_type(std::string_view name, Type& type) {
  for (size_t i = 0; i < names.size(); i++) {
    if (names[i] == name) {
      type = static_cast<Type>(i);
      return true;
    }
  }
  return false;
}

}  // namespace stook
