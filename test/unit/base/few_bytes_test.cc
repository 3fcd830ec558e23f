// SPDX-License-Identifier: Apache-2.0
#include "core/base/few_bytes.hh"

#include <catch2/catch.hpp>
#include <string>

using namespace stook;

TEST_CASE("few bytes are copied to the byte, whatever their number") {
  for (size_t size = 0; size <= 300; size++) {
    std::string from;
    for (size_t i = 0; i < size; i++) {
      from += static_cast<char>('a' + i % 23);
    }
    std::string to(size + 2, '#');
    copy_few(to.data() + 1, from.data(), size);
    REQUIRE(to == "#" + from + "#");
  }
}
