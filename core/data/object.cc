// SPDX-License-Identifier: Apache-2.0
/// Floor 1. The msgpack reader behind object.hh. All numbers are big-endian.
#include "core/data/object.hh"

#include <bit>
#include <cstdint>

#include "core/data/endian.hh"

namespace stook {
namespace {

constexpr int64_t second = 1'000'000'000;
constexpr int8_t ext_time = -1;
constexpr int8_t ext_number = 1;
constexpr int8_t ext_address = 2;

/// A timestamp that int64 ns can hold; false for others and for what is no timestamp.
bool read_timestamp(std::string_view bytes, int64_t& ns) {
  int64_t seconds = 0;
  uint32_t part = 0;
  if (bytes.size() == 4) {
    seconds = big<uint32_t>(bytes.data());
  } else if (bytes.size() == 8) {
    uint64_t word = big<uint64_t>(bytes.data());
    part = static_cast<uint32_t>(word >> 34);
    seconds = static_cast<int64_t>(word & 0x3ffffffff);
  } else if (bytes.size() == 12) {
    part = big<uint32_t>(bytes.data());
    seconds = static_cast<int64_t>(big<uint64_t>(bytes.data() + 4));
  } else {
    return false;
  }
  // Below zero the seconds are taken one towards zero, so that the product does not overflow before the part is added.
  int64_t rest = part;
  if (seconds < 0) {
    seconds++;
    rest -= second;
  }
  return part < second && !__builtin_mul_overflow(seconds, second, &ns) && !__builtin_add_overflow(ns, rest, &ns);
}

Cell cell_of_ext(int8_t kind, std::string_view bytes) {
  int64_t ns = 0;
  if (kind == ext_time && read_timestamp(bytes, ns)) {
    return Cell::of_time(ns);
  }
  if (kind == ext_number) {
    Cell cell = Cell::of_text(bytes);
    cell.is_number = true;
    return cell;
  }
  if (kind == ext_address && (bytes.size() == 4 || bytes.size() == 16)) {
    return Cell::of_slice(Type::Address, bytes);
  }
  return Cell::of_slice(Type::Bytes, bytes);
}

Cell cell_of_unsigned(uint64_t value) {
  return value > INT64_MAX ? Cell::of_unsigned(value) : Cell::of_integer(static_cast<int64_t>(value));
}

}  // namespace

bool ObjectReader::take(size_t size, const char*& at) {
  if (size > left()) {
    return false;
  }
  at = next_;
  next_ += size;
  return true;
}

bool ObjectReader::take_size(size_t width, uint32_t& size) {
  const char* at = nullptr;
  if (!take(width, at)) {
    return false;
  }
  size = width == 1 ? static_cast<uint8_t>(*at) : width == 2 ? big<uint16_t>(at) : big<uint32_t>(at);
  return true;
}

bool ObjectReader::take_slice(Type type, uint32_t size, Cell& cell) {
  const char* at = nullptr;
  if (!take(size, at)) {
    return false;
  }
  cell = Cell::of_slice(type, {at, size});
  return true;
}

bool ObjectReader::take_ext(uint32_t size, Cell& cell) {
  const char* at = nullptr;
  if (!take(size_t{size} + 1, at)) {
    return false;
  }
  cell = cell_of_ext(static_cast<int8_t>(*at), {at + 1, size});
  return true;
}

/// Each item takes a byte at the least: a head that promises more than what is left is broken.
Item ObjectReader::opened(Item item, uint32_t size) const {
  return (item == Item::Map ? uint64_t{size} * 2 : size) <= left() ? item : Item::Broken;
}

Item ObjectReader::next(Cell& cell, uint32_t& size) {
  const char* start = next_;
  if (next_ == end_) {
    return Item::End;
  }
  Item item = read(static_cast<uint8_t>(*next_++), cell, size);
  if (item == Item::Broken) {
    next_ = start;
  }
  return item;
}

Item ObjectReader::read(uint8_t tag, Cell& cell, uint32_t& size) {
  if (tag < 0x80 || tag >= 0xe0) {
    cell = Cell::of_integer(static_cast<int8_t>(tag));
    return Item::Value;
  }
  if (tag < 0xa0) {
    size = tag & 0x0f;
    return opened(tag < 0x90 ? Item::Map : Item::Array, size);
  }
  const auto value = [](bool is_read) { return is_read ? Item::Value : Item::Broken; };
  if (tag < 0xc0) {
    return value(take_slice(Type::Text, tag & 0x1f, cell));
  }
  switch (tag) {
    case 0xc0:
      cell = Cell::of_null();
      return Item::Value;
    case 0xc1:
      return Item::Broken;
    case 0xc2:
    case 0xc3:
      cell = Cell::of_boolean(tag == 0xc3);
      return Item::Value;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return value(take_size(size_t{1} << (tag - 0xc4), size) && take_slice(Type::Bytes, size, cell));
    case 0xc7:
    case 0xc8:
    case 0xc9:
      return value(take_size(size_t{1} << (tag - 0xc7), size) && take_ext(size, cell));
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return value(take_ext(1u << (tag - 0xd4), cell));
    case 0xd9:
    case 0xda:
    case 0xdb:
      return value(take_size(size_t{1} << (tag - 0xd9), size) && take_slice(Type::Text, size, cell));
    case 0xdc:
    case 0xdd:
      return take_size(tag == 0xdc ? 2 : 4, size) ? opened(Item::Array, size) : Item::Broken;
    case 0xde:
    case 0xdf:
      return take_size(tag == 0xde ? 2 : 4, size) ? opened(Item::Map, size) : Item::Broken;
    default:
      return value(read_number(tag, cell));
  }
}

bool ObjectReader::read_number(uint8_t tag, Cell& cell) {
  size_t width = tag == 0xca ? 4 : tag == 0xcb ? 8 : size_t{1} << (tag & 3);
  const char* at = nullptr;
  if (!take(width, at)) {
    return false;
  }
  switch (tag) {
    case 0xca:
      cell = Cell::of_real(static_cast<double>(std::bit_cast<float>(big<uint32_t>(at))));
      break;
    case 0xcb:
      cell = Cell::of_real(std::bit_cast<double>(big<uint64_t>(at)));
      break;
    case 0xcc:
      cell = Cell::of_integer(static_cast<uint8_t>(*at));
      break;
    case 0xcd:
      cell = Cell::of_integer(big<uint16_t>(at));
      break;
    case 0xce:
      cell = Cell::of_integer(big<uint32_t>(at));
      break;
    case 0xcf:
      cell = cell_of_unsigned(big<uint64_t>(at));
      break;
    case 0xd0:
      cell = Cell::of_integer(static_cast<int8_t>(*at));
      break;
    case 0xd1:
      cell = Cell::of_integer(static_cast<int16_t>(big<uint16_t>(at)));
      break;
    case 0xd2:
      cell = Cell::of_integer(static_cast<int32_t>(big<uint32_t>(at)));
      break;
    default:
      cell = Cell::of_integer(static_cast<int64_t>(big<uint64_t>(at)));
      break;
  }
  return true;
}

std::string_view ObjectReader::skip() {
  const char* start = next_;
  uint64_t left_at[max_object_depth];  // values still to come, by level
  int depth = 0;
  Cell cell;
  uint32_t size = 0;
  do {
    Item item = next(cell, size);
    if (item == Item::Array || item == Item::Map) {
      if (depth == max_object_depth) {
        next_ = start;
        return {};
      }
      left_at[depth++] = item == Item::Map ? uint64_t{size} * 2 : size;
    } else if (item != Item::Value) {
      next_ = start;
      return {};
    } else if (depth > 0) {
      left_at[depth - 1]--;
    }
    while (depth > 0 && left_at[depth - 1] == 0) {
      depth--;
      if (depth > 0) {
        left_at[depth - 1]--;
      }
    }
  } while (depth > 0);
  return {start, static_cast<size_t>(next_ - start)};
}

bool is_object(std::string_view bytes) {
  ObjectReader reader(bytes);
  return !reader.skip().empty() && reader.left() == 0;
}

}  // namespace stook
