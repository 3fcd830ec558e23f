// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Nested values: objects are msgpack bytes, read and written here without a tree in between.
/// Format: https://github.com/msgpack/msgpack/blob/master/spec.md. Extension types: -1 is the timestamp of the
/// specification (Type::Time); 1 is a number as text (a JSON number that fits no 64-bit type); 2 is an address of 4 or
/// 16 bytes. Maps and arrays keep their order and are never sorted; duplicate keys are kept as they came.
///
/// What comes from JSON and leaves as JSON need not become msgpack in between: an Object cell with `is_json` holds its
/// text. Whoever makes one has checked that it is a JSON object or array of at most max_object_depth levels, ASCII
/// without control characters and backslashes, with numbers of at most 19 bytes and no exponent. Writers of JSON copy
/// it; whoever looks inside asks object_bytes for msgpack; put_cell turns it into msgpack by itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/data/type.hh"

namespace stook {

/// How deep objects may nest. Writers of objects refuse to go deeper; readers stop there.
inline constexpr int max_object_depth = 64;

/// Appends msgpack to bytes in an arena-like buffer: the caller provides room.
/// Each function writes at `to` and returns the end. Needs: 9 bytes for words and heads, 18 for addresses and times, the
/// size plus 6 for slices, three times the size for JSON text. Integers take the shortest form, so that equal values
/// have equal bytes.
char* put_cell(char* to, const Cell& cell);
char* put_array_head(char* to, uint32_t size);
char* put_map_head(char* to, uint32_t size);
/// A head that always takes 5 bytes, for a size that is known only afterwards.
char* put_wide_array_head(char* to, uint32_t size);
char* put_wide_map_head(char* to, uint32_t size);
/// The most bytes that put_cell needs for this cell.
inline size_t cell_room(const Cell& cell) {
  return 20 + (cell.is_slice() ? size_t{cell.size} * (cell.is_json ? 3 : 1) : 0);
}

/// The msgpack of an Object cell: its own bytes, or `store`, after its JSON text was turned into msgpack there.
/// COLD for JSON text: the store may grow.
std::string_view object_bytes(const Cell& object, std::string& store);

/// What comes next in a reader.
enum class Item : uint8_t { Value, Array, Map, End, Broken };

/// Walks msgpack from left to right. Untrusted bytes are safe: lengths are compared with what remains.
class ObjectReader {
 public:
  explicit ObjectReader(std::string_view bytes) : next_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  /// The next item. Value: `cell` holds it, slices point into the input. Array, Map: `size` items or pairs follow.
  /// End: nothing is left. Broken: the bytes are no msgpack; the reader stays where it is and says so again.
  /// Numbers come as Integer when int64 holds them, else Unsigned; floats as Real. Unknown extensions, and timestamps
  /// beyond int64 ns, come as Bytes: what they hold, without their type.
  Item next(Cell& cell, uint32_t& size);
  /// Steps over one whole value and gives its bytes; empty, and no step, when broken, at the end or deeper than
  /// max_object_depth.
  std::string_view skip();
  size_t left() const { return static_cast<size_t>(end_ - next_); }

 private:
  Item read(uint8_t tag, Cell& cell, uint32_t& size);
  Item opened(Item item, uint32_t size) const;
  bool read_number(uint8_t tag, Cell& cell);
  bool take(size_t size, const char*& at);
  bool take_size(size_t width, uint32_t& size);
  bool take_slice(Type type, uint32_t size, Cell& cell);
  bool take_ext(uint32_t size, Cell& cell);
  const char* next_;
  const char* end_;
};

/// Whether the bytes are exactly one well-formed value of at most max_object_depth levels.
bool is_object(std::string_view bytes);

}  // namespace stook
