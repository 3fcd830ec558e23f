// SPDX-License-Identifier: Apache-2.0
#include "core/base/arena.hh"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

using namespace stook;

TEST_CASE("bytes handed out stay where and what they are until reset") {
  uint32_t seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  std::mt19937 random(seed);
  Arena arena;
  for (int round = 0; round < 3; round++) {
    std::vector<std::pair<std::string_view, char>> pieces;
    for (int i = 0; i < 3000; i++) {
      size_t size = random() % 100 == 0 ? random() % 200000 : random() % 300;
      char fill = static_cast<char>(random());
      pieces.emplace_back(arena.copy(std::string(size, fill)), fill);
    }
    for (auto& [bytes, fill] : pieces) {
      CHECK(bytes.find_first_not_of(fill) == std::string_view::npos);
    }
    arena.reset();
    CHECK(arena.used() == 0);
    CHECK(arena.held() <= 5 * Arena::chunk_size);
  }
}

TEST_CASE("a read of unknown size reserves first and commits what came") {
  Arena arena;
  char* at = arena.reserve(1000);
  at[0] = 'x';
  arena.commit(1);
  CHECK(arena.used() == 1);
  CHECK(arena.take(1) == at + 1);
  CHECK(arena.tail() == Arena::chunk_size - 2);
}
