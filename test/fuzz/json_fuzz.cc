// SPDX-License-Identifier: Apache-2.0
/// JSON texts: no bytes make the reader leave its text, its objects are well-formed, and it accepts what simdjson's own
/// parser accepts, but for its limits; it accepts more only where numbers are large or surrogates stand alone.
#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "core/api/json.hh"
#include "core/data/object.hh"

using namespace stook;

namespace {

bool is_limit(std::string_view reason) {
  return reason.find("more than") != std::string_view::npos;
}

void check(const Cell& cell) {
  if (cell.type == Type::Object && !is_object(cell.bytes())) {
    std::abort();
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
