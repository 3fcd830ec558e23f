// SPDX-License-Identifier: Apache-2.0
/// Formats of access logs: a text is refused with a reason or compiled, and what is compiled walks a line. The input is
/// the format, and behind its first newline the line.
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

#include "core/data/access_walker.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stook;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  size_t end = input.find('\n');
  try {
    AccessFormat format = compile_access_format(input.substr(0, end));
    AccessWalker walker(format, true, true, Zone());
    for (size_t slot = 0; slot < walker.slots(); slot++) {
      walker.want(slot, true);
    }
    Arena arena;
    walker.walk(end == std::string_view::npos ? input : input.substr(end + 1), arena);
  } catch (const std::invalid_argument&) {}
  return 0;
}
