// SPDX-License-Identifier: Apache-2.0
#include "core/tool/letter_id.hh"

#include <string_view>

#include "core/api/json.hh"
#include "core/data/object.hh"

namespace stook {

namespace {
// The text under that name in a map of msgpack, else empty.
std::string member_text(std::string_view map, std::string_view name) {
  ObjectReader reader(map);
  Cell key{};
  uint32_t size = 0;
  if (reader.next(key, size) != Item::Map) {
    return {};
  }
  for (; size > 0; size--) {
    std::string_view first = reader.skip();
    std::string_view second = reader.skip();
    Cell value{};
    uint32_t unused = 0;
    bool is_text = ObjectReader(first).next(key, unused) == Item::Value && key.type == Type::Text &&
                   ObjectReader(second).next(value, unused) == Item::Value && value.type == Type::Text;
    if (is_text && key.bytes() == name) {
      return std::string(value.bytes());
    }
  }
  return {};
}

std::string json_id(std::string_view line) {
  JsonReader reader;
  Arena arena;
  if (!reader.read_members(line, arena)) {
    return {};
  }
  std::string store;
  for (const JsonMember& member : reader.members()) {
    if (member.key == "stook.id" && member.value.type == Type::Text) {
      return std::string(member.value.bytes());
    }
    bool is_deed = reader.members().size() == 1 && (member.key == "create" || member.key == "index");
    if (is_deed && member.value.type == Type::Object) {
      return member_text(object_bytes(member.value, store), "_id");
    }
  }
  return {};
}
}  // namespace

std::string letter_id(const Letter& letter) {
  std::string_view bytes = letter.bytes;
  return bytes.substr(0, 1) == "{" ? json_id(bytes.substr(0, bytes.find('\n'))) : member_text(bytes, "stook.id");
}

}  // namespace stook
