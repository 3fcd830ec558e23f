// SPDX-License-Identifier: Apache-2.0
/// Key=value text through parse_kv: a row is parsed or refused, nothing else.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "test/unit/kit.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stook;
  using namespace stook::test;
  static Rig plain(Kind::Filter, "parse_kv");
  static Rig typed(Kind::Filter, "parse_kv", {{"types", "auto"}, {"pair", ", "}, {"prefix", "p."}});
  for (Rig* rig : {&plain, &typed}) {
    // a block of its own, so that the sanitizer sees every byte read beyond
    std::vector<char> block(data, data + size);
    rig->clear();
    rig->row({{"message", Cell::of_text({block.data(), block.size()})}}).run();
    if (rig->faults().empty() != (rig->cell("parse_error") == nullptr)) {
      std::abort();
    }
    rig->show();
  }
  return 0;
}
