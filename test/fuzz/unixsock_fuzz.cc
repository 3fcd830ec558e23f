// SPDX-License-Identifier: Apache-2.0
/// Units of ulogd's UNIXSOCK one behind the other: whatever comes, nothing outside a unit is read, and it ends.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "sources/netfilter/unixsock_unit.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stook;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (;;) {
    UnixsockStart start = start_of_unit(bytes);
    if (start.kind != UnixsockStart::Kind::Whole) {
      return 0;
    }
    if (start.size == 0 || start.size > bytes.size()) {
      std::abort();
    }
    // a block of its own, so that the sanitizer sees every byte read beyond
    std::vector<char> block(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(start.size));
    std::string_view whole(block.data(), block.size());
    UnixsockUnit unit;
    if (read_unixsock_unit(whole, unit)) {
      for (std::string_view part :
           {unit.packet, unit.prefix, unit.in, unit.out, unit.user, unit.system, unit.release, unit.program}) {
        bool is_inside =
            part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
        if (!is_inside) {
          std::abort();
        }
      }
    }
    bytes.remove_prefix(start.size);
  }
}
