// SPDX-License-Identifier: Apache-2.0
/// Any bytes, in pieces of any size: the walk ends where the reader of objects says that the value ends, whatever the
/// pieces, and never says more than came.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "core/data/object.hh"
#include "core/data/object_walk.hh"

using namespace stook;

namespace {

struct Walked {
  Stride::End end;
  size_t taken;
};

Walked walk_over(std::string_view bytes, size_t piece, uint64_t most) {
  ObjectWalk walk;
  walk.begin(most);
  std::vector<char> block;  // of its own, so that the sanitizer sees every byte read beyond
  size_t taken = 0;
  for (size_t given = 0;;) {
    size_t size = std::min(piece, bytes.size() - given);
    block.insert(block.end(), bytes.begin() + static_cast<ptrdiff_t>(given),
                 bytes.begin() + static_cast<ptrdiff_t>(given + size));
    given += size;
    block.shrink_to_fit();
    Stride stride = walk.go({block.data(), block.size()});
    if (stride.taken > block.size()) {
      std::abort();
    }
    taken += stride.taken;
    block.erase(block.begin(), block.begin() + static_cast<ptrdiff_t>(stride.taken));
    if (stride.end != Stride::End::Unfinished || given == bytes.size()) {
      return {stride.end, taken};
    }
    if (block.size() > 5) {
      std::abort();  // more than a head is left
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) {
    return 0;
  }
  std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  Walked small = walk_over(bytes, 1 + data[0] % 20, 1 << 20);
  Walked whole = walk_over(bytes, bytes.size() + 1, 1 << 20);
  if (small.end != whole.end || small.taken != whole.taken) {
    std::abort();
  }
  std::string_view value = ObjectReader(bytes).skip();
  bool is_value = !value.empty() && value.size() <= (1 << 20);
  if (is_value != (whole.end == Stride::End::Whole) || (is_value && value.size() != whole.taken)) {
    std::abort();
  }
  return 0;
}
