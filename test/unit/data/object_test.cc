// SPDX-License-Identifier: Apache-2.0
// msgpack against an independent peer, msgpack-cxx: what one writes the other reads, for seeded random values and
// hostile bytes.
#include "core/data/object.hh"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <msgpack.hpp>
#include <random>
#include <string>
#include <vector>

using namespace stook;

namespace {

std::string packed(const Cell& cell) {
  std::string bytes(cell_room(cell), '\0');
  bytes.resize(static_cast<size_t>(put_cell(bytes.data(), cell) - bytes.data()));
  return bytes;
}

Cell read_one(const std::string& bytes) {
  Cell cell{};
  uint32_t size = 0;
  ObjectReader reader(bytes);
  REQUIRE(reader.next(cell, size) == Item::Value);
  REQUIRE(reader.left() == 0);
  return cell;
}

bool same(const Cell& a, const Cell& b) {
  if (a.type != b.type || a.is_number != b.is_number) {
    return false;
  }
  return a.is_slice() ? a.bytes() == b.bytes() : a.bits == b.bits;
}

using Random = std::mt19937_64;

uint64_t random_word(Random& random) {
  return random() >> (random() % 64);
}

/// A random document, written by msgpack-cxx.
void pack_random(Random& random, msgpack::packer<msgpack::sbuffer>& to, int depth) {
  std::string text(random_word(random) % 70000 >> (random() % 17), 'x');
  for (char& c : text) {
    c = static_cast<char>(random());
  }
  switch (random() % (depth > 0 ? 10 : 8)) {
    case 0:
      to.pack_nil();
      break;
    case 1:
      to.pack(random() % 2 == 0);
      break;
    case 2:
      to.pack_int64(static_cast<int64_t>(random_word(random)));
      break;
    case 3:
      to.pack_int64(-static_cast<int64_t>(random_word(random) >> 1));
      break;
    case 4:
      to.pack_uint64(random_word(random));
      break;
    case 5:
      to.pack(static_cast<double>(static_cast<int64_t>(random())) / 1024.0);
      break;
    case 6:
      to.pack(text);
      break;
    case 7:
      to.pack_bin(static_cast<uint32_t>(text.size()));
      to.pack_bin_body(text.data(), static_cast<uint32_t>(text.size()));
      break;
    case 8: {
      auto size = static_cast<uint32_t>(random() % 20);
      to.pack_array(size);
      for (uint32_t i = 0; i < size; i++) {
        pack_random(random, to, depth - 1);
      }
      break;
    }
    default: {
      auto size = static_cast<uint32_t>(random() % 20);
      to.pack_map(size);
      for (uint32_t i = 0; i < size * 2; i++) {
        pack_random(random, to, depth - 1);
      }
    }
  }
}

/// Reads a whole document and writes it again.
std::string rewritten(const std::string& bytes) {
  std::string out(bytes.size() + 64, '\0');
  char* to = out.data();
  ObjectReader reader(bytes);
  Cell cell{};
  uint32_t size = 0;
  for (Item item = reader.next(cell, size); item != Item::End; item = reader.next(cell, size)) {
    REQUIRE(item != Item::Broken);
    to = item == Item::Value ? put_cell(to, cell)
         : item == Item::Map ? put_map_head(to, size)
                             : put_array_head(to, size);
  }
  out.resize(static_cast<size_t>(to - out.data()));
  return out;
}

}  // namespace

TEST_CASE("every kind of value comes back as it was written") {
  std::string long_text(300, 'a');
  std::string huge_text(70000, 'b');
  std::vector<Cell> cells = {Cell::of_null(),
                             Cell::of_boolean(true),
                             Cell::of_boolean(false),
                             Cell::of_text(""),
                             Cell::of_text("hello"),
                             Cell::of_text(long_text),
                             Cell::of_text(huge_text),
                             Cell::of_slice(Type::Bytes, {"\0\xff", 2}),
                             Cell::of_slice(Type::Bytes, long_text),
                             Cell::of_slice(Type::Address, "abcd"),
                             Cell::of_slice(Type::Address, "abcdefghijklmnop"),
                             Cell::of_real(-0.0),
                             Cell::of_real(1.5),
                             Cell::of_unsigned(UINT64_MAX),
                             Cell::of_unsigned(uint64_t{1} << 63)};
  for (int64_t ns : {int64_t{0}, int64_t{1}, int64_t{-1}, INT64_MIN, INT64_MAX, int64_t{1'700'000'000'000'000'000},
                     int64_t{-1'000'000'000}, int64_t{-1'000'000'001}, int64_t{4'294'967'296'000'000'000}}) {
    cells.push_back(Cell::of_time(ns));
  }
  for (int shift = 0; shift < 63; shift++) {
    for (int64_t add : {-1, 0, 1}) {
      cells.push_back(Cell::of_integer((int64_t{1} << shift) + add));
      cells.push_back(Cell::of_integer(-(int64_t{1} << shift) + add));
    }
  }
  cells.push_back(Cell::of_integer(INT64_MIN));
  Cell number = Cell::of_text("123456789012345678901234567890");
  number.is_number = true;
  cells.push_back(number);
  for (const Cell& cell : cells) {
    std::string bytes = packed(cell);
    CAPTURE(type_name(cell.type), cell.bits, bytes.size());
    CHECK(same(read_one(bytes), cell));
    CHECK(is_object(bytes));
  }
}

TEST_CASE("an unsigned value that int64 holds has the bytes of the integer") {
  CHECK(packed(Cell::of_unsigned(7)) == packed(Cell::of_integer(7)));
  CHECK(packed(Cell::of_unsigned(INT64_MAX)) == packed(Cell::of_integer(INT64_MAX)));
}

TEST_CASE("integers have the very bytes that msgpack-cxx gives them") {
  Random random(0x5700c);
  INFO("seed 0x5700c");
  for (int i = 0; i < 20000; i++) {
    auto value = static_cast<int64_t>(random_word(random)) * (random() % 2 == 0 ? 1 : -1);
    msgpack::sbuffer peer;
    msgpack::pack(peer, value);
    CAPTURE(value);
    REQUIRE(packed(Cell::of_integer(value)) == std::string(peer.data(), peer.size()));
  }
}

TEST_CASE("random documents of msgpack-cxx are read, and written again with the same bytes") {
  uint64_t seed = Catch::rngSeed() + 1;
  INFO("seed " << seed);
  Random random(seed);
  for (int i = 0; i < 300; i++) {
    msgpack::sbuffer peer;
    msgpack::packer<msgpack::sbuffer> packer(peer);
    pack_random(random, packer, 4);
    std::string bytes(peer.data(), peer.size());
    REQUIRE(is_object(bytes));
    REQUIRE(rewritten(bytes) == bytes);
    msgpack::object_handle handle = msgpack::unpack(bytes.data(), bytes.size());
    msgpack::sbuffer again;
    msgpack::pack(again, handle.get());
    REQUIRE(std::string(again.data(), again.size()) == bytes);
  }
}

TEST_CASE("wide heads are read by msgpack-cxx") {
  char bytes[32];
  char* to = put_wide_map_head(bytes, 1);
  to = put_cell(to, Cell::of_text("k"));
  to = put_wide_array_head(to, 1);
  to = put_cell(to, Cell::of_time(1'500'000'000));
  msgpack::object_handle handle = msgpack::unpack(bytes, static_cast<size_t>(to - bytes));
  REQUIRE(handle.get().type == msgpack::type::MAP);
  const msgpack::object& value = handle.get().via.map.ptr[0].val;
  REQUIRE(value.via.array.size == 1);
  CHECK(value.via.array.ptr[0].type == msgpack::type::EXT);
  CHECK(value.via.array.ptr[0].via.ext.type() == -1);
}

TEST_CASE("a head that promises more than there is is broken, and stays so") {
  for (std::string bytes :
       {std::string("\xdd\xff\xff\xff\xff", 5), std::string("\xdf\x00\x00\x00\x01\x01", 6),
        std::string("\xdb\xff\xff\xff\xff", 5), std::string("\xc6\xff\xff\xff\xff", 5),
        std::string("\xc9\xff\xff\xff\xff\x01", 6),
        std::string("\xa5"
                    "abc"),
        std::string("\xc1"), std::string("\xcf\x01"), std::string("\xc7"), std::string("\x93\x01\x02")}) {
    ObjectReader reader(bytes);
    Cell cell{};
    uint32_t size = 0;
    CHECK(reader.next(cell, size) == Item::Broken);
    CHECK(reader.next(cell, size) == Item::Broken);
    CHECK(reader.skip().empty());
    CHECK_FALSE(is_object(bytes));
  }
}

TEST_CASE("64 levels are an object and 65 are none") {
  for (int levels : {1, max_object_depth, max_object_depth + 1, 100000}) {
    std::string bytes(static_cast<size_t>(levels), '\x91');
    bytes += '\x01';
    CAPTURE(levels);
    CHECK(is_object(bytes) == (levels <= max_object_depth));
  }
}

TEST_CASE("skip gives the bytes of one value and steps behind it") {
  std::string bytes(
      "\x82\xa1"
      "a\x92\x01\x90\xa1"
      "b\xc0\x07",
      10);
  ObjectReader reader(bytes);
  CHECK(reader.skip() == std::string_view(bytes).substr(0, 9));
  CHECK(reader.skip() == "\x07");
  CHECK(reader.skip().empty());
}

TEST_CASE("a timestamp out of reach and an unknown extension come as bytes") {
  std::string far("\xc7\x0c\xff\x00\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff", 15);
  CHECK(read_one(far).type == Type::Bytes);
  CHECK(read_one(std::string("\xd4\x63z", 3)).bytes() == "z");
  CHECK(read_one(std::string("\xd4\xffz", 3)).type == Type::Bytes);
}

TEST_CASE("hostile bytes end well, and what is an object here is one for msgpack-cxx") {
  uint64_t seed = Catch::rngSeed() + 2;
  INFO("seed " << seed);
  Random random(seed);
  for (int i = 0; i < 100000; i++) {
    std::string bytes(random() % 24, '\0');
    for (char& c : bytes) {
      c = static_cast<char>(random() % 3 == 0 ? 0x80 + random() % 0x60 : random() % 8);
    }
    size_t end = 0;
    msgpack::null_visitor nothing;
    bool is_peer = msgpack::parse(bytes.data(), bytes.size(), end, nothing);
    CAPTURE(i);
    REQUIRE(is_object(bytes) == (is_peer && end == bytes.size()));
  }
}
