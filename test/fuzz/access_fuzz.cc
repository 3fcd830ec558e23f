// SPDX-License-Identifier: Apache-2.0
/// Lines of access logs through parse_access: a row is parsed or refused, nothing else.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "test/unit/kit.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace stook;
  using namespace stook::test;
  static Rig combined(Kind::Filter, "parse_access");
  static Rig nginx(
      Kind::Filter, "parse_access",
      {{"format",
        R"($time_iso8601 $msec "$request" $status $upstream_response_time $upstream_addr ${request_time}|$host)"}});
  static Rig apache(Kind::Filter, "parse_access",
                    {{"format", R"(%v:%p %h %l %u %t "%r" %>s %D %{%Y-%m-%d %T.%f %z}t)"}, {"split_request", "no"}});
  for (Rig* rig : {&combined, &nginx, &apache}) {
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
