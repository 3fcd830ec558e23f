// SPDX-License-Identifier: Apache-2.0
#include "core/api/beside_positions.hh"

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "core/api/kept_text.hh"
#include "core/base/crc32c.hh"

namespace stook {

namespace {
// Written by main before sources start, read by fronts, whose threads start afterwards.
std::atomic<BesidePositions*> beside{nullptr};

// The generation that a position file begins with, when its last line holds; else 0.
uint64_t generation_in(const std::string& text) {
  uint64_t generation = 0;
  uint64_t lines = 0;
  unsigned sum = 0;
  size_t end = text.size() < 2 ? std::string::npos : text.rfind('\n', text.size() - 2);
  if (end == std::string::npos || std::sscanf(text.c_str(), "stook-pos 1 %" SCNu64, &generation) != 1 ||
      std::sscanf(text.c_str() + end + 1, "end %" SCNu64 " %x", &lines, &sum) != 2) {
    return 0;
  }
  return crc32c(std::string_view(text).substr(0, end + 1)) == sum && text.back() == '\n' ? generation : 0;
}
}  // namespace

void set_beside_positions(BesidePositions* one) {
  beside.store(one, std::memory_order_release);
}

void begin_positions(std::string_view source, const std::string& file) {
  BesidePositions* one = beside.load(std::memory_order_acquire);
  if (one != nullptr && !source.empty()) {
    one->begin(source, file);
  }
}

std::string keep_positions(const std::string& file, uint64_t generation, std::string_view text) {
  BesidePositions* one = beside.load(std::memory_order_acquire);
  std::string reason = one != nullptr ? one->precede(file, generation) : "";
  return reason.empty() ? keep_text(file, text) : reason;
}

uint64_t generation_of(const std::string& file) {
  uint64_t newest = 0;
  for (const char* ending : {"", ".old", ".new"}) {
    std::ifstream in(file + ending, std::ios::binary);
    newest = std::max(newest, generation_in({std::istreambuf_iterator<char>(in), {}}));
  }
  return newest;
}

}  // namespace stook
