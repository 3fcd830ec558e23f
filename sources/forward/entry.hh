// SPDX-License-Identifier: Apache-2.0
/// What an entry of the forward protocol says: a time and a record, which is not looked into. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stook {

struct ForwardEntry {
  /// ns since 1970; none when what stands for a time is none, or lies beyond int64 ns.
  std::optional<int64_t> time;
  std::string_view record;
  /// Null, or what is wrong.
  const char* fault = nullptr;
};

/// Reads whole msgpack: `[time, record]`, or with `is_bare` the two alone. A time is an EventTime (extension 0:
/// seconds and nanoseconds of 32 bits), seconds as an integer or a real, or `[time, metadata]`.
ForwardEntry read_entry(std::string_view bytes, bool is_bare);

/// The options behind the entries of a message. Views into its bytes.
struct ForwardOptions {
  std::string_view chunk;
  const char* fault = nullptr;
};
ForwardOptions read_options(std::string_view bytes);

}  // namespace stook
