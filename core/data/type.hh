// SPDX-License-Identifier: Apache-2.0
/// Floor 1. The value types and the cell that holds one value.
#pragma once

#include <cstdint>
#include <string_view>

namespace stook {

/// What a value is. Mixed is a type of keys only: cells of such a key say their own type.
enum class Type : uint8_t { Null, Boolean, Integer, Unsigned, Real, Time, Text, Bytes, Address, Object, Mixed };

/// The type's name in configurations and messages: `integer`, `text`, …
std::string_view type_name(Type type);
/// The type of that name, or false.
[[nodiscard]] bool find_type(std::string_view name, Type& type);

/// A row within its bundle, counted from 0.
using Row = uint16_t;

/// A key's number within one route. Planned keys come first, open keys after them.
enum class KeyId : uint16_t {};
inline constexpr KeyId no_key{0xffff};
inline constexpr size_t index_of(KeyId id) {
  return static_cast<size_t>(id);
}

/// One value of 16 bytes. Text, bytes, addresses (4 or 16 bytes, network order) and objects (msgpack, or JSON text)
/// point into the bundle's arena or into static storage; the other types are held in place. Time is ns since 1970 UTC.
/// A cell knows nothing of absence: that is its column's presence bit. Null is a value.
struct Cell {
  union {
    int64_t integer;
    uint64_t bits;
    double real;
    const char* data;
  };
  uint32_t size;
  Type type;
  /// Text only: the bytes are a number that fits no other type exactly, written as it came (JSON writes it bare).
  /// Object only: the members are the row's own, for which no key was left; codecs of whole rows write them as keys.
  bool is_number;
  /// Object only: the bytes are the text of a JSON object or array and not msgpack; object.hh says which texts may be.
  bool is_json;

  static Cell of_slice(Type type, std::string_view bytes) {
    Cell c{};
    c.data = bytes.data();
    c.size = static_cast<uint32_t>(bytes.size());
    c.type = type;
    return c;
  }
  static Cell of_word(Type type, uint64_t bits) {
    Cell c{};
    c.bits = bits;
    c.type = type;
    return c;
  }
  static Cell of_text(std::string_view text) { return of_slice(Type::Text, text); }
  static Cell of_integer(int64_t value) { return of_word(Type::Integer, static_cast<uint64_t>(value)); }
  static Cell of_unsigned(uint64_t value) { return of_word(Type::Unsigned, value); }
  static Cell of_boolean(bool value) { return of_word(Type::Boolean, value ? 1 : 0); }
  static Cell of_time(int64_t ns) { return of_word(Type::Time, static_cast<uint64_t>(ns)); }
  static Cell of_null() { return of_word(Type::Null, 0); }
  static Cell of_real(double value) {
    Cell c{};
    c.real = value;
    c.type = Type::Real;
    return c;
  }

  bool is_slice() const { return type >= Type::Text && type <= Type::Object; }
  bool is_truth() const { return bits != 0; }
  /// REQUIRES: is_slice().
  std::string_view bytes() const { return {data, size}; }
};
static_assert(sizeof(Cell) == 16);

}  // namespace stook
