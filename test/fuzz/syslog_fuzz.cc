// SPDX-License-Identifier: Apache-2.0
/// Syslog lines through parse_syslog: a row is parsed or refused, and structured data makes a sound object.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/data/object.hh"
#include "test/unit/kit.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stook;
  using namespace stook::test;
  static Rig line(Kind::Filter, "parse_syslog");
  static Rig local(Kind::Filter, "parse_syslog", {{"zone", "local"}});
  for (Rig* rig : {&line, &local}) {
    // a block of its own, so that the sanitizer sees every byte read beyond
    std::vector<char> block(data, data + size);
    rig->clear();
    rig->row({{"message", Cell::of_text({block.data(), block.size()})}}).run();
    if (rig->faults().empty() != (rig->cell("parse_error") == nullptr)) {
      std::abort();
    }
    const Cell* structured = rig->cell("structured_data");
    std::string store;
    if (structured != nullptr && !is_object(object_bytes(*structured, store))) {
      std::abort();
    }
    rig->show();
  }
  return 0;
}
