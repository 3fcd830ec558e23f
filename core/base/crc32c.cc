// SPDX-License-Identifier: Apache-2.0
#include "core/base/crc32c.hh"

#include <array>
#include <cstring>

namespace stook {

namespace {

constexpr uint32_t polynomial = 0x82f63b78;  // reflected

/// tables[k][b]: the remainder of byte b with k zero bytes behind it.
constexpr auto tables = [] {
  std::array<std::array<uint32_t, 256>, 8> all{};
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; bit++) {
      crc = crc >> 1 ^ ((crc & 1) != 0 ? polynomial : 0);
    }
    all[0][i] = crc;
  }
  for (size_t k = 1; k < 8; k++) {
    for (size_t i = 0; i < 256; i++) {
      all[k][i] = all[k - 1][i] >> 8 ^ all[0][all[k - 1][i] & 0xff];
    }
  }
  return all;
}();

#if defined(__x86_64__)
// The instruction takes three cycles and one can begin each cycle, so three stretches are worked on side by side. A
// remainder moves over `stretch` zero bytes by this table, and the remainders of neighbours add up.
constexpr size_t stretch = 1024;
constexpr auto over_stretch = [] {
  std::array<uint32_t, 32> bits{};
  for (size_t bit = 0; bit < 32; bit++) {
    uint32_t crc = 1u << bit;
    for (size_t i = 0; i < stretch; i++) {
      crc = crc >> 8 ^ tables[0][crc & 0xff];
    }
    bits[bit] = crc;
  }
  std::array<std::array<uint32_t, 256>, 4> all{};
  for (size_t k = 0; k < 4; k++) {
    for (size_t b = 0; b < 256; b++) {
      for (size_t bit = 0; bit < 8; bit++) {
        all[k][b] ^= (b >> bit & 1) != 0 ? bits[8 * k + bit] : 0;
      }
    }
  }
  return all;
}();

uint64_t move_over(uint64_t crc) {
  return over_stretch[0][crc & 0xff] ^ over_stretch[1][crc >> 8 & 0xff] ^ over_stretch[2][crc >> 16 & 0xff] ^
         over_stretch[3][crc >> 24 & 0xff];
}

uint64_t word_at(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, 8);
  return word;
}

__attribute__((target("sse4.2"))) uint32_t crc32c_by_instruction(std::string_view bytes, uint32_t before) {
  uint64_t crc = ~before;
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 3 * stretch; left -= 3 * stretch, at += 3 * stretch) {
    uint64_t second = 0;
    uint64_t third = 0;
    for (size_t i = 0; i < stretch; i += 8) {
      crc = __builtin_ia32_crc32di(crc, word_at(at + i));
      second = __builtin_ia32_crc32di(second, word_at(at + stretch + i));
      third = __builtin_ia32_crc32di(third, word_at(at + 2 * stretch + i));
    }
    crc = move_over(move_over(crc) ^ second) ^ third;
  }
  for (; left >= 8; left -= 8, at += 8) {
    crc = __builtin_ia32_crc32di(crc, word_at(at));
  }
  auto rest = static_cast<uint32_t>(crc);
  for (; left > 0; left--, at++) {
    rest = __builtin_ia32_crc32qi(rest, static_cast<unsigned char>(*at));
  }
  return ~rest;
}
#endif

}  // namespace

uint32_t crc32c_by_table(std::string_view bytes, uint32_t before) {
  uint32_t crc = ~before;
  const char* at = bytes.data();
  size_t left = bytes.size();
  auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(at[i])); };
  for (; left >= 8; left -= 8, at += 8) {
    uint32_t low = crc ^ (byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24);
    crc = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^ tables[4][low >> 24] ^
          tables[3][byte(4)] ^ tables[2][byte(5)] ^ tables[1][byte(6)] ^ tables[0][byte(7)];
  }
  for (; left > 0; left--, at++) {
    crc = crc >> 8 ^ tables[0][(crc ^ byte(0)) & 0xff];
  }
  return ~crc;
}

uint32_t crc32c(std::string_view bytes, uint32_t before) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) {
    return crc32c_by_instruction(bytes, before);
  }
#endif
  return crc32c_by_table(bytes, before);
}

}  // namespace stook
