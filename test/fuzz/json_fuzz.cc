// SPDX-License-Identifier: Apache-2.0
/// JSON texts: no bytes make the reader leave its text, its objects are well-formed, and it accepts what simdjson's own
/// parser accepts, but for its limits; it accepts more only where numbers are large or surrogates stand alone.
#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "core/api/json.hh"
#include "core/data/object.hh"

using namespace stook;

namespace {

bool is_limit(std::string_view reason) {
  return reason.find("more than") != std::string_view::npos;
}

void require(bool is_right) {
  if (!is_right) {
    std::abort();
  }
}

/// An object is well-formed; where it is JSON text, the reader makes the same msgpack of it at once when it is told to
/// by a blank.
void check(const Cell& cell) {
  if (cell.type != Type::Object) {
    return;
  }
  std::string store;
  std::string_view bytes = object_bytes(cell, store);
  require(is_object(bytes));
  if (cell.is_json) {
    static JsonReader again;
    std::string text = "{\"o\":[" + std::string(cell.bytes()) + ",1 ]}";
    Arena arena;
    bool is_read = again.read_members(text, arena);
    if (is_read) {
      const Cell& other = again.members()[0].value;
      require(!other.is_json && other.bytes().substr(5, other.size - 6) == bytes);
    }
    require(is_read || is_limit(again.reason()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static JsonReader reader;
  static simdjson::dom::parser peer;
  std::unique_ptr<char[]> exact(new char[size]);
  if (size > 0) {
    std::memcpy(exact.get(), data, size);
  }
  std::string_view text(exact.get(), size);
  Arena arena;
  Cell whole{};
  bool is_read = reader.read_members(text, arena);
  std::string_view reason = reader.reason();
  for (const JsonMember& member : reader.members()) {
    check(member.value);
  }
  if (reader.read_object(text, arena, whole) != is_read) {
    std::abort();
  }
  if (is_read) {
    check(whole);
  }
  simdjson::padded_string padded(text);
  simdjson::dom::object object;
  simdjson::error_code error = peer.parse(padded).get_object().get(object);
  if (error == simdjson::SUCCESS && !is_read && !is_limit(reason)) {
    std::abort();
  }
  if (error != simdjson::SUCCESS && is_read && error != simdjson::NUMBER_ERROR && error != simdjson::STRING_ERROR) {
    std::abort();
  }
  return 0;
}
