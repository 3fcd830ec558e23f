// SPDX-License-Identifier: Apache-2.0
// put_real against to_chars of the standard library, which is slower: the same bytes for any double.
#include <catch2/catch.hpp>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>

#include "core/data/json_text.hh"

using namespace stook;

namespace {

std::string written(double value) {
  char text[64];
  return {text, put_real(text, value)};
}

/// What to_chars writes, with a point when nothing says that it is a real.
std::string expected(double value) {
  char buffer[64];
  std::string text(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

void check(double value) {
  for (double near : {value, -value, std::nextafter(value, INFINITY), std::nextafter(value, -INFINITY)}) {
    std::string text = written(near);
    if (text != expected(near)) {
      REQUIRE(text == expected(near));
    }
  }
}

}  // namespace

TEST_CASE("a real is written as the shortest text that reads back") {
  CHECK(written(0.25) == "0.25");
  CHECK(written(-119.9089) == "-119.9089");
  CHECK(written(1) == "1.0");
  CHECK(written(-0.0) == "-0.0");
  CHECK(written(100000) == "1e+05");
  CHECK(written(120000) == "120000.0");
  CHECK(written(0.001) == "0.001");
  CHECK(written(0.0001) == "1e-04");
  CHECK(written(0.00001) == "1e-05");
  CHECK(written(0.1 + 0.2) == "0.30000000000000004");
  CHECK(written(INFINITY) == "inf");
}

TEST_CASE("reals of any bits are written as to_chars writes them") {
  uint64_t seed = Catch::rngSeed() + 5;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 200000; i++) {
    uint64_t bits = random();
    // Every other one of a size that people write.
    if (i % 2 == 0) {
      bits = (bits & 0x800fffffffffffff) | (1023 - 14 + random() % 70) << 52;
    }
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isfinite(value)) {
      check(value);
    }
  }
}

TEST_CASE("reals of few digits are written as to_chars writes them") {
  uint64_t seed = Catch::rngSeed() + 6;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 400000; i++) {
    // Up to 20 digits, zeros among the last ones, the point anywhere.
    auto digits = static_cast<double>(random() >> random() % 64);
    digits = i % 3 == 0 ? std::round(digits / 1e3) * 1e3 : digits;
    check(digits / std::pow(10, static_cast<double>(random() % 20)));
  }
}

TEST_CASE("powers of two and ten and what is beside them are written as to_chars writes them") {
  for (int exponent = -1074; exponent < 1024; exponent++) {
    check(std::ldexp(1.0, exponent));
  }
  for (int exponent = -320; exponent < 309; exponent++) {
    double power = std::strtod(("1e" + std::to_string(exponent)).c_str(), nullptr);
    for (double factor : {1.0, 2.0, 5.0, 9.0, 1.5, 9.5, 1.25, 9.999}) {
      check(power * factor);
    }
  }
  for (double value : {0.0, std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max()}) {
    check(value);
  }
}
