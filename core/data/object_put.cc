// SPDX-License-Identifier: Apache-2.0
/// Floor 1. The msgpack writer behind object.hh. All numbers are big-endian.
#include "core/data/object.hh"

#include <bit>
#include <cstring>
#include <limits>

#include "core/data/endian.hh"
#include "core/data/json_object_put.hh"

namespace stook {
namespace {

constexpr int64_t second = 1'000'000'000;
// Extension types.
constexpr int8_t ext_time = -1;
constexpr int8_t ext_number = 1;
constexpr int8_t ext_address = 2;

template <class U>
char* put_tagged(char* to, uint8_t tag, U value) {
  *to = static_cast<char>(tag);
  return put_big<U>(to + 1, value);
}

char* put_unsigned(char* to, uint64_t value) {
  if (value < 0x80) {
    *to = static_cast<char>(value);
    return to + 1;
  }
  if (value <= 0xff) {
    return put_tagged(to, 0xcc, static_cast<uint8_t>(value));
  }
  if (value <= 0xffff) {
    return put_tagged(to, 0xcd, static_cast<uint16_t>(value));
  }
  if (value <= 0xffffffff) {
    return put_tagged(to, 0xce, static_cast<uint32_t>(value));
  }
  return put_tagged(to, 0xcf, value);
}

char* put_integer(char* to, int64_t value) {
  if (value >= 0) {
    return put_unsigned(to, static_cast<uint64_t>(value));
  }
  if (value >= -32) {
    *to = static_cast<char>(value);
    return to + 1;
  }
  if (value >= INT8_MIN) {
    return put_tagged(to, 0xd0, static_cast<uint8_t>(value));
  }
  if (value >= INT16_MIN) {
    return put_tagged(to, 0xd1, static_cast<uint16_t>(value));
  }
  if (value >= INT32_MIN) {
    return put_tagged(to, 0xd2, static_cast<uint32_t>(value));
  }
  return put_tagged(to, 0xd3, static_cast<uint64_t>(value));
}

char* put_bytes(char* to, std::string_view bytes) {
  if (!bytes.empty()) {
    std::memcpy(to, bytes.data(), bytes.size());
  }
  return to + bytes.size();
}

/// A head whose size takes 1, 2 or 4 bytes; the tags follow one another.
char* put_head(char* to, uint8_t tag, uint32_t size) {
  if (size <= 0xff) {
    return put_tagged(to, tag, static_cast<uint8_t>(size));
  }
  if (size <= 0xffff) {
    return put_tagged(to, static_cast<uint8_t>(tag + 1), static_cast<uint16_t>(size));
  }
  return put_tagged(to, static_cast<uint8_t>(tag + 2), size);
}

char* put_text(char* to, std::string_view text) {
  if (text.size() < 32) {
    *to = static_cast<char>(0xa0 | text.size());
    return put_bytes(to + 1, text);
  }
  return put_bytes(put_head(to, 0xd9, static_cast<uint32_t>(text.size())), text);
}

char* put_ext(char* to, int8_t kind, std::string_view bytes) {
  size_t size = bytes.size();
  if (size <= 16 && std::has_single_bit(size)) {
    *to++ = static_cast<char>(0xd4 + std::countr_zero(size));
  } else {
    to = put_head(to, 0xc7, static_cast<uint32_t>(size));
  }
  *to++ = static_cast<char>(kind);
  return put_bytes(to, bytes);
}

/// The shortest of the three timestamp forms of the specification.
char* put_timestamp(char* to, int64_t ns) {
  int64_t seconds = ns / second;
  int64_t part = ns % second;
  if (part < 0) {
    seconds--;
    part += second;
  }
  char bytes[12];
  if (seconds < 0) {
    put_big(put_big(bytes, static_cast<uint32_t>(part)), static_cast<uint64_t>(seconds));
    return put_ext(to, ext_time, {bytes, 12});
  }
  if (part == 0 && seconds <= std::numeric_limits<uint32_t>::max()) {
    put_big(bytes, static_cast<uint32_t>(seconds));
    return put_ext(to, ext_time, {bytes, 4});
  }
  // int64 ns reach the year 2262, whose seconds fit the 34 bits of this form.
  put_big(bytes, static_cast<uint64_t>(part) << 34 | static_cast<uint64_t>(seconds));
  return put_ext(to, ext_time, {bytes, 8});
}

}  // namespace

char* put_cell(char* to, const Cell& cell) {
  switch (cell.type) {
    case Type::Boolean:
      *to = static_cast<char>(cell.is_truth() ? 0xc3 : 0xc2);
      return to + 1;
    case Type::Integer:
      return put_integer(to, cell.integer);
    case Type::Unsigned:
      return put_unsigned(to, cell.bits);
    case Type::Real:
      return put_tagged(to, 0xcb, cell.bits);
    case Type::Time:
      return put_timestamp(to, cell.integer);
    case Type::Text:
      return cell.is_number ? put_ext(to, ext_number, cell.bytes()) : put_text(to, cell.bytes());
    case Type::Bytes:
      return put_bytes(put_head(to, 0xc4, cell.size), cell.bytes());
    case Type::Address:
      return put_ext(to, ext_address, cell.bytes());
    case Type::Object:
      return cell.is_json ? put_json_object(to, cell.bytes()) : put_bytes(to, cell.bytes());
    case Type::Null:
    case Type::Mixed:
      break;
  }
  *to = static_cast<char>(0xc0);
  return to + 1;
}

char* put_array_head(char* to, uint32_t size) {
  if (size < 16) {
    *to = static_cast<char>(0x90 | size);
    return to + 1;
  }
  return size <= 0xffff ? put_tagged(to, 0xdc, static_cast<uint16_t>(size)) : put_tagged(to, 0xdd, size);
}

char* put_map_head(char* to, uint32_t size) {
  if (size < 16) {
    *to = static_cast<char>(0x80 | size);
    return to + 1;
  }
  return size <= 0xffff ? put_tagged(to, 0xde, static_cast<uint16_t>(size)) : put_tagged(to, 0xdf, size);
}

char* put_wide_array_head(char* to, uint32_t size) {
  return put_tagged(to, 0xdd, size);
}
char* put_wide_map_head(char* to, uint32_t size) {
  return put_tagged(to, 0xdf, size);
}

}  // namespace stook
