// SPDX-License-Identifier: Apache-2.0
/// CRC-32C by its published vectors, and both ways of computing it.
#include "core/base/crc32c.hh"

#include <catch2/catch.hpp>
#include <random>
#include <string>

namespace stook {
namespace {

TEST_CASE("the checksum has the values of RFC 3720") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
}

TEST_CASE("the table and the instruction agree, in one piece and in two") {
  unsigned seed = static_cast<unsigned>(Catch::rngSeed());
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 500; round++) {
    // Below, at and beyond the length from which three stretches are worked on side by side.
    std::string bytes(random() % (round % 4 == 0 ? 10'000 : 100), '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(random());
    }
    size_t cut = random() % (bytes.size() + 1);
    REQUIRE(crc32c(bytes) == crc32c_by_table(bytes));
    REQUIRE(crc32c(bytes) == crc32c(bytes.substr(cut), crc32c(bytes.substr(0, cut))));
  }
}

}  // namespace
}  // namespace stook
