// SPDX-License-Identifier: Apache-2.0
/// Rows of comma-separated values through parse_csv: a row is parsed, dropped as a header or refused.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "test/unit/kit.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stook;
  using namespace stook::test;
  static Rig plain(Kind::Filter, "parse_csv", {{"keys", "a, b, , c"}, {"header", "no"}});
  static Rig typed(Kind::Filter, "parse_csv", {{"keys", "a:integer, b:real, c:time, d:boolean, e:unsigned, f"}});
  static Rig header(Kind::Filter, "parse_csv", {{"keys", "a, b"}, {"header", "yes"}, {"delimiter", "tab"}});
  for (Rig* rig : {&plain, &typed, &header}) {
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
