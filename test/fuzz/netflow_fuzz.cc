// SPDX-License-Identifier: Apache-2.0
/// NetFlow and IPFIX through parse_netflow: an input is a number of messages, each behind its length in two bytes, so that
/// templates and their data, changes and withdrawals meet. A message makes rows or is refused, and rows that wait come out.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.hh"
#include "test/unit/kit.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stook;
  using namespace stook::test;
  Rig rig(Kind::Filter, "parse_netflow", {{"options", size % 2 == 0 ? "yes" : "no"}});
  std::vector<std::unique_ptr<char[]>> blocks;
  int64_t now = monotonic_ns();
  uint64_t made = 0;
  while (size >= 2) {
    size_t length = static_cast<size_t>(data[0] << 8 | data[1]);
    length = length < size - 2 ? length : size - 2;
    // a block of its own, so that the sanitizer sees every byte read beyond
    blocks.push_back(std::make_unique<char[]>(length));
    std::copy(data + 2, data + 2 + length, blocks.back().get());
    data += 2 + length;
    size -= 2 + length;
    rig.clear();
    rig.row({{"message", Cell::of_text({blocks.back().get(), length})}, {"peer.port", Cell::of_unsigned(length % 3)}})
        .run();
    if (rig.faults().size() > 1 || rig.faults().empty() != (rig.cell("parse_error") == nullptr)) {
      std::abort();
    }
    size_t rows = 0;
    uint64_t before = made;
    do {
      rows += rig.selected().size() - rig.faults().size();
      rig.show_all();
    } while (rig.more());
    made = rig.meter().appended.read();
    if (rows != made - before) {
      std::abort();
    }
    if (length % 7 == 0) {
      rig.tick(now += 30'000'000'000);
    }
  }
  return 0;
}
