// SPDX-License-Identifier: Apache-2.0
/// Datagrams of sFlow through parse_sflow: each makes rows or is refused, and rows that wait come out.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "test/unit/kit.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stook;
  using namespace stook::test;
  static Rig rig(Kind::Filter, "parse_sflow");
  // a block of its own, so that the sanitizer sees every byte read beyond
  std::vector<char> block(data, data + size);
  uint64_t before = rig.meter().appended.read();
  rig.clear();
  rig.row({{"message", Cell::of_text({block.data(), block.size()})}}).run();
  if (rig.faults().empty() != (rig.cell("parse_error") == nullptr)) {
    std::abort();
  }
  size_t rows = 0;
  do {
    rows += rig.selected().size() - rig.faults().size();
    rig.show_all();
  } while (rig.more());
  if (rows != rig.meter().appended.read() - before) {
    std::abort();
  }
  return 0;
}
