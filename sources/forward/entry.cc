// SPDX-License-Identifier: Apache-2.0
#include "sources/forward/entry.hh"

#include <cmath>

#include "core/data/endian.hh"
#include "core/data/object.hh"

namespace stook {

namespace {

constexpr int64_t second = 1'000'000'000;
constexpr double most_seconds = 9.2e9;
constexpr size_t most_chunk = 256;

std::optional<int64_t> event_time(std::string_view value) {
  if (value.size() == 10 && value[0] == '\xd7' && value[1] == 0) {
    return int64_t{big<uint32_t>(value.data() + 2)} * second + big<uint32_t>(value.data() + 6);
  }
  if (value.size() == 11 && value.substr(0, 3) == std::string_view("\xc7\x08\0", 3)) {
    return int64_t{big<uint32_t>(value.data() + 3)} * second + big<uint32_t>(value.data() + 7);
  }
  return std::nullopt;
}

std::optional<int64_t> time_of(std::string_view value) {
  if (std::optional<int64_t> time = event_time(value)) {
    return time;
  }
  ObjectReader reader(value);
  Cell cell{};
  uint32_t size = 0;
  Item item = reader.next(cell, size);
  if (item == Item::Array && size > 0) {
    std::string_view inner = reader.skip();
    return inner.empty() || inner[0] == value[0] ? std::nullopt : time_of(inner);
  }
  if (item != Item::Value) {
    return std::nullopt;
  }
  if (cell.type == Type::Integer && std::abs(static_cast<double>(cell.integer)) < most_seconds) {
    return cell.integer * second;
  }
  if (cell.type == Type::Real && std::abs(cell.real) < most_seconds) {
    return static_cast<int64_t>(cell.real * 1e9);
  }
  return cell.type == Type::Time ? std::optional(cell.integer) : std::nullopt;
}

bool is_map(std::string_view value) {
  auto tag = static_cast<uint8_t>(value.empty() ? 0 : value[0]);
  return (tag & 0xf0) == 0x80 || tag == 0xde || tag == 0xdf;
}

}  // namespace

ForwardEntry read_entry(std::string_view bytes, bool is_bare) {
  ObjectReader reader(bytes);
  Cell cell{};
  uint32_t size = 0;
  if (!is_bare && (reader.next(cell, size) != Item::Array || size != 2)) {
    return {std::nullopt, {}, "an entry that is no array of a time and a record"};
  }
  std::string_view time = reader.skip();
  std::string_view record = bytes.substr(bytes.size() - reader.left());
  if (time.empty() || !is_map(record)) {
    return {std::nullopt, {}, "a record that is no map"};
  }
  return {time_of(time), record};
}

ForwardOptions read_options(std::string_view bytes) {
  ObjectReader reader(bytes);
  Cell cell{};
  uint32_t pairs = 0;
  Item item = reader.next(cell, pairs);
  if (item == Item::Value && cell.type == Type::Null) {
    return {};
  }
  ForwardOptions options;
  for (uint32_t i = 0; item == Item::Map && i < pairs; i++) {
    std::string_view name = reader.skip();
    std::string_view value = reader.skip();
    if (name == std::string_view("\xa5"
                                 "chunk")) {
      Cell chunk{};
      uint32_t unused = 0;
      bool is_text = ObjectReader(value).next(chunk, unused) == Item::Value &&
                     (chunk.type == Type::Text || chunk.type == Type::Bytes);
      if (!is_text || chunk.size > most_chunk) {
        return {{}, "a chunk id that is no text of at most 256 bytes"};
      }
      options.chunk = chunk.bytes();
    }
  }
  options.fault = item == Item::Map ? nullptr : "options that are no map";
  return options;
}

}  // namespace stook
