// SPDX-License-Identifier: Apache-2.0
/// What the made source makes its rows of: lines and flows drawn once from a seed, and a clock written into them.
/// Room: the source's front.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stook {

/// The kinds of rows.
enum class Made : uint8_t { Access, Syslog, Json, Flows };

/// One flow. Addresses are in network order, the source's first, the destination's at 16.
struct Flow {
  char addresses[32];
  uint64_t bytes;
  uint32_t packets;
  uint16_t src_port;
  uint16_t dst_port;
  uint8_t proto;
  uint8_t address_size;
};

/// 1024 lines or flows of one kind. Row i is template i mod 1024 with the time of row i.
class Templates {
 public:
  Templates(Made what, uint64_t seed);

  /// The line of row `i`. Lives until the next call. Cost: a copy of 20 bytes, and a strftime each 1000 rows.
  std::string_view line(uint64_t i);
  const Flow& flow(uint64_t i) const { return flows_[i % count]; }
  /// ns since 1970 UTC: 2026-01-01T00:00:00Z and a millisecond a row.
  static int64_t time_of(uint64_t i);

 private:
  static constexpr size_t count = 1024;
  struct Line {
    std::string text;
    size_t time_at;
  };
  void make_access();
  void make_syslog();
  void make_json();
  void make_flow();
  uint64_t draw(uint64_t below);
  std::string address();
  template <size_t N>
  const char* pick(const char* const (&from)[N]) {
    return from[draw(N)];
  }

  uint64_t state_;
  const char* format_;
  std::vector<Line> lines_;
  std::vector<Flow> flows_;
  int64_t second_ = -1;
  char time_[32] = {};
  size_t time_size_ = 0;
};

}  // namespace stook
