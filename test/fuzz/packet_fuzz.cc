// SPDX-License-Identifier: Apache-2.0
/// Any bytes through base, as every family: a packet is taken apart or fails, and fewer bytes never give more keys.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "test/unit/kit.hh"

namespace {
using namespace stook;
using namespace stook::test;

size_t keys_of(Rig& rig, const std::vector<char>& block, uint64_t family, uint64_t protocol) {
  rig.clear();
  rig.row({{"raw.pkt", Cell::of_slice(Type::Bytes, {block.data(), block.size()})},
           {"oob.family", Cell::of_unsigned(family)},
           {"oob.protocol", Cell::of_unsigned(protocol)}});
  rig.run();
  if (rig.faults().empty() != (rig.cell("parse_error") == nullptr)) {
    std::abort();
  }
  size_t keys = 0;
  for (const Key& key : rig.wiring().writes) {
    keys += key.name != "parse_error" && rig.cell(key.name) != nullptr ? 1 : 0;
  }
  rig.show();
  return keys;
}
}  // namespace

// The first byte chooses the family, the second how many bytes are left out in the second round.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Rig rig(Kind::Filter, "base");
  if (size < 2) {
    return 0;
  }
  constexpr uint64_t families[][2] = {{2, 0},      {10, 0}, {3, 0},      {7, 0x0800},
                                      {5, 0x8100}, {0, 0},  {7, 0x86dd}, {7, 0x0806}};
  const auto& [family, protocol] = families[data[0] % 8];
  // A block of its own, so that the sanitizer sees every byte read beyond.
  std::vector<char> block(data + 2, data + size);
  size_t keys = keys_of(rig, block, family, protocol);
  std::vector<char> shorter(block.begin(), block.end() - static_cast<std::ptrdiff_t>(data[1] % (block.size() + 1)));
  if (keys_of(rig, shorter, family, protocol) > keys) {
    std::abort();
  }
  return 0;
}
