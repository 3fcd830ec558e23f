// SPDX-License-Identifier: Apache-2.0
#include "core/data/bundle.hh"

#include <catch2/catch.hpp>
#include <map>
#include <random>

using namespace stook;

namespace {
constexpr KeyId a{0};
constexpr KeyId b{1};

int64_t number(const Bundle& bundle, KeyId id, Row row) {
  const Column* column = bundle.column(id);
  return column == nullptr || !column->has(row) ? -1 : (*column)[row].integer;
}
}  // namespace

TEST_CASE("an appended row has no cells until somebody puts some") {
  Bundle bundle(256, 256, 4);
  Row row = bundle.append();
  CHECK(bundle.column(a) == nullptr);
  bundle.put(a, row, Cell::of_integer(7));
  Row next = bundle.append();
  CHECK(number(bundle, a, row) == 7);
  CHECK(number(bundle, a, next) == -1);
}

TEST_CASE("what a branch writes, removes, renames or appends is undone when it is left") {
  Bundle bundle(256, 512, 4);
  Row row = bundle.append();
  bundle.put(a, row, Cell::of_integer(1));
  bundle.enter_branch();
  bundle.put(a, row, Cell::of_integer(2));
  bundle.put(b, row, Cell::of_integer(3));
  bundle.append();
  CHECK(number(bundle, a, row) == 2);
  bundle.leave_branch();
  CHECK(number(bundle, a, row) == 1);
  CHECK(number(bundle, b, row) == -1);
  CHECK(bundle.rows() == 1);
  bundle.enter_branch();
  bundle.rename(a, b);
  CHECK(number(bundle, a, row) == -1);
  CHECK(number(bundle, b, row) == 1);
  bundle.leave_branch();
  CHECK(number(bundle, a, row) == 1);
  CHECK(number(bundle, b, row) == -1);
  bundle.enter_branch();
  bundle.remove(a);
  CHECK(number(bundle, a, row) == -1);
  bundle.leave_branch();
  CHECK(number(bundle, a, row) == 1);
}

TEST_CASE("a bundle after reset is as good as new and takes no more memory") {
  Bundle bundle(256, 256, 8);
  size_t held = 0;
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < 256; i++) {
      Row row = bundle.append();
      bundle.put(static_cast<KeyId>(i % 8), row, Cell::of_text(bundle.arena().copy("twelve bytes")));
    }
    CHECK_FALSE(bundle.has_room());
    bundle.reset();
    CHECK(bundle.rows() == 0);
    CHECK(bundle.column(a) == nullptr);
    if (round == 0) {
      held = bundle.arena().held();
    }
    CHECK(bundle.arena().held() == held);
  }
}

TEST_CASE("what is written into lent columns is gone when they are taken back, and they serve the next bundle") {
  ColumnStore store(16);
  Bundle one(16, 16, 4);
  Bundle other(16, 16, 4);
  const Column* lent = nullptr;
  for (Bundle* bundle : {&one, &other}) {
    Row row = bundle->append();
    bundle->put(a, row, Cell::of_integer(1));
    bundle->lend(store);
    bundle->put(a, row, Cell::of_integer(2));
    bundle->put(b, row, Cell::of_integer(3));
    CHECK((lent == nullptr || lent == bundle->column(b)));
    lent = bundle->column(b);
    // The source's column has the other place now.
    bundle->rename(a, b);
    bundle->enter_branch();
    bundle->put(b, row, Cell::of_integer(4));
    CHECK(number(*bundle, b, row) == 4);
    bundle->take_back();
    CHECK(number(*bundle, a, row) == -1);
    CHECK(number(*bundle, b, row) == 2);
    bundle->reset();
    CHECK(bundle->column(b) == nullptr);
  }
  // Columns of their own again, none of the store's.
  one.put(a, one.append(), Cell::of_integer(1));
  CHECK(one.column(a) != lent);
  CHECK(store.take() != one.column(a));
}

TEST_CASE("any nest of branches leaves the bundle as a model says") {
  uint32_t seed = GENERATE(1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u);
  CAPTURE(seed);
  std::mt19937 random(seed);
  Bundle bundle(16, 16, 6);
  std::vector<std::map<std::pair<int, int>, int64_t>> model(1);
  for (int i = 0; i < 16; i++) {
    bundle.append();
  }
  for (int step = 0; step < 5000; step++) {
    int key = static_cast<int>(random() % 6);
    int other = static_cast<int>(random() % 6);
    int row = static_cast<int>(random() % 16);
    auto& top = model.back();
    switch (random() % 8) {
      case 0:
        if (model.size() < 10) {
          model.push_back(top);
          bundle.enter_branch();
        }
        break;
      case 1:
        if (model.size() > 1) {
          model.pop_back();
          bundle.leave_branch();
        }
        break;
      case 2:
        bundle.remove(static_cast<KeyId>(key));
        std::erase_if(top, [&](auto& cell) { return cell.first.first == key; });
        break;
      case 3: {
        bundle.rename(static_cast<KeyId>(key), static_cast<KeyId>(other));
        if (key != other) {
          std::erase_if(top, [&](auto& cell) { return cell.first.first == other; });
          std::map<std::pair<int, int>, int64_t> moved;
          for (auto& [at, value] : top) {
            moved[{at.first == key ? other : at.first, at.second}] = value;
          }
          top = moved;
        }
        break;
      }
      default:
        bundle.put(static_cast<KeyId>(key), static_cast<Row>(row), Cell::of_integer(step));
        top[{key, row}] = step;
    }
    for (int k = 0; k < 6; k++) {
      auto cell = model.back().find({k, row});
      REQUIRE(number(bundle, static_cast<KeyId>(k), static_cast<Row>(row)) ==
              (cell == model.back().end() ? -1 : cell->second));
    }
  }
}
