// SPDX-License-Identifier: Apache-2.0
/// Bytes of a stream into records: however they are divided over reads the records are the same, what is kept is bounded,
/// and no record is longer than max_line. The first byte chooses the framing and how the rest is divided.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/net/framing.hh"

namespace {

using namespace stook;

constexpr size_t max_line = 40;

/// The records, each behind a letter that says how it ended.
std::string records_of(Framing framing, std::string_view bytes, size_t piece) {
  const FrameRules rules{framing, max_line};
  FrameState state;
  std::string all;
  std::vector<char> pending;
  size_t scanned = 0;
  while (!bytes.empty()) {
    size_t size = std::min(piece, bytes.size());
    // a block of its own, so that the sanitizer sees every byte read beyond
    std::vector<char> block(pending);
    block.insert(block.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    bytes.remove_prefix(size);
    FrameCutter cutter(rules, state, {block.data(), block.size()}, scanned);
    for (Frame frame = cutter.next(); frame.kind != Frame::Kind::Unfinished; frame = cutter.next()) {
      if (frame.kind == Frame::Kind::Wrong) {
        return all + "!" + cutter.fault();
      }
      if (frame.text.size() > max_line) {
        std::abort();
      }
      all += (frame.kind == Frame::Kind::Cut ? "c" : "w") + std::string(frame.text) + ";";
    }
    pending.assign(cutter.rest().begin(), cutter.rest().end());
    if (pending.size() > max_line + 16) {
      std::abort();
    }
    scanned = pending.size();
  }
  return all + "~" + std::string(unfinished_text(rules, state, {pending.data(), pending.size()}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) {
    return 0;
  }
  auto framing = static_cast<Framing>(data[0] % 6);
  std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if (records_of(framing, bytes, 1 + data[0] / 6 % 20) != records_of(framing, bytes, bytes.size() + 1)) {
    std::abort();
  }
  return 0;
}
