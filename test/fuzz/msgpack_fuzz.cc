// SPDX-License-Identifier: Apache-2.0
/// msgpack: no bytes make the reader leave them, it takes for an object what msgpack-cxx does (up to its depth), and what
/// it has read it writes so that the same is read again.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <msgpack.hpp>
#include <string>
#include <string_view>

#include "core/data/object.hh"

using namespace stook;

namespace {

/// The peer's opinion, with the depth that it saw.
struct Depth : msgpack::null_visitor {
  int depth = 0;
  int deepest = 0;
  bool enter() {
    deepest = ++depth > deepest ? depth : deepest;
    return true;
  }
  bool leave() {
    depth--;
    return true;
  }
  bool start_array(uint32_t) { return enter(); }
  bool start_map(uint32_t) { return enter(); }
  bool end_array() { return leave(); }
  bool end_map() { return leave(); }
};

void check_again(const Cell& cell) {
  std::string bytes(cell_room(cell), '\0');
  bytes.resize(static_cast<size_t>(put_cell(bytes.data(), cell) - bytes.data()));
  Cell again{};
  uint32_t size = 0;
  ObjectReader reader(bytes);
  if (reader.next(again, size) != Item::Value || reader.left() != 0 || again.type != cell.type ||
      again.is_number != cell.is_number) {
    std::abort();
  }
  if (cell.is_slice() ? again.bytes() != cell.bytes() : again.bits != cell.bits) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::unique_ptr<char[]> exact(new char[size]);
  if (size > 0) {
    std::memcpy(exact.get(), data, size);
  }
  std::string_view bytes(exact.get(), size);
  ObjectReader reader(bytes);
  Cell cell{};
  uint32_t items = 0;
  for (Item item = reader.next(cell, items); item != Item::End && item != Item::Broken;
       item = reader.next(cell, items)) {
    if (item == Item::Value) {
      check_again(cell);
    }
  }
  Depth peer;
  size_t end = 0;
  bool is_peer = size > 0 && msgpack::parse(exact.get(), size, end, peer) && end == size;
  if (is_object(bytes) != (is_peer && peer.deepest <= max_object_depth)) {
    std::abort();
  }
  return 0;
}
