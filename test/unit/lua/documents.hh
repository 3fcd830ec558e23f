// SPDX-License-Identifier: Apache-2.0
/// Values for tests of exactness: the extreme ones of each type, and random objects made of them.
#pragma once

#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/object.hh"
#include "core/data/type.hh"

namespace stook::test {

inline Cell bits(uint64_t word) {
  Cell cell = Cell::of_word(Type::Real, word);
  return cell;
}

inline std::string packed(std::initializer_list<Cell> cells) {
  std::string bytes(4096, '\0');
  char* to = put_wide_array_head(bytes.data(), static_cast<uint32_t>(cells.size()));
  for (const Cell& cell : cells) {
    to = put_cell(to, cell);
  }
  bytes.resize(static_cast<size_t>(to - bytes.data()));
  return bytes;
}

inline bool is_same(const Cell* a, const Cell& b) {
  return a != nullptr && a->type == b.type && a->is_number == b.is_number &&
         (b.is_slice() ? a->bytes() == b.bytes() : a->bits == b.bits);
}

inline const std::vector<Cell>& extremes() {
  static const std::string object = packed({Cell::of_null(), Cell::of_unsigned(UINT64_MAX), Cell::of_time(-1)});
  static const std::vector<Cell> all = [] {
    Cell number = Cell::of_text("1e999999");
    number.is_number = true;
    return std::vector<Cell>{Cell::of_null(),
                             Cell::of_boolean(true),
                             Cell::of_boolean(false),
                             Cell::of_integer(INT64_MIN),
                             Cell::of_integer(INT64_MAX),
                             Cell::of_integer(0),
                             Cell::of_integer(-1),
                             Cell::of_unsigned(UINT64_MAX),
                             Cell::of_unsigned(uint64_t{1} << 63),
                             Cell::of_unsigned(7),
                             Cell::of_real(0.0),
                             Cell::of_real(-0.0),
                             Cell::of_real(3.0),
                             Cell::of_real(9007199254740993.0),
                             Cell::of_real(std::numeric_limits<double>::infinity()),
                             Cell::of_real(-std::numeric_limits<double>::infinity()),
                             bits(0x7ff8000000000000),
                             bits(0xfff8000000000123),
                             Cell::of_real(5e-324),
                             Cell::of_time(INT64_MIN),
                             Cell::of_time(INT64_MAX),
                             Cell::of_time(1763697600123456789),
                             Cell::of_text(""),
                             Cell::of_text({"a\0b", 3}),
                             Cell::of_text("\xff\xfe\x80"),
                             number,
                             Cell::of_slice(Type::Bytes, {"\0\1\xff", 3}),
                             Cell::of_slice(Type::Bytes, ""),
                             Cell::of_slice(Type::Address, {"\x7f\0\0\1", 4}),
                             Cell::of_slice(Type::Address, {"\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4", 16}),
                             Cell::of_slice(Type::Address, {"\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16}),
                             Cell::of_slice(Type::Object, {"\x90", 1}),
                             Cell::of_slice(Type::Object, {"\x80", 1}),
                             Cell::of_slice(Type::Object, object)};
  }();
  return all;
}

inline char* put_random(char* to, std::mt19937_64& random, int depth) {
  const std::vector<Cell>& all = extremes();
  uint64_t pick = random() % 8;
  if (depth < 5 && pick < 2) {
    uint32_t size = static_cast<uint32_t>(random() % 4);
    to = pick == 0           ? random() % 2 == 0 ? put_array_head(to, size) : put_wide_array_head(to, size)
                   : random() % 2 == 0 ? put_map_head(to, size)
                             : put_wide_map_head(to, size);
    for (uint32_t i = 0; i < size; i++) {
      if (pick == 1) {
        std::string key(1, static_cast<char>('a' + random() % 3));
        to =
            put_cell(to, random() % 8 == 0 ? Cell::of_integer(static_cast<int64_t>(random() % 3)) : Cell::of_text(key));
      }
      to = put_random(to, random, depth + 1);
    }
    return to;
  }
  Cell cell = all[random() % (all.size() - 3)];
  return put_cell(to, cell);
}

}  // namespace stook::test
